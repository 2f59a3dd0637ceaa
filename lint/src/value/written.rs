//! The places where the parts of a text are written.

use super::{Piece, Value};
use crate::span::Span;

impl Value {
    /// Returns the place of the value with which the text begins, and the length of that beginning.
    pub(super) fn beginning(&self) -> Option<(Span, usize)> {
        self.base.or_else(|| Some((self.span, self.prefix().len()))).filter(|(_, length)| *length > 0)
    }

    /// Returns the place elsewhere in this file where the beginning of the text is written, and that beginning.
    pub(crate) fn written(&self) -> Option<(Span, &str)> {
        let (place, length) = self.base.filter(|(place, _)| !self.span.covers(*place) && *place != Span::default())?;
        Some((place, self.prefix().get(..length)?))
    }

    /// Returns the places where the host of an address may be written.
    pub(crate) fn places_of_host(&self) -> impl Iterator<Item = Span> {
        let own = self.host.unwrap_or(self.span);
        [own].into_iter().chain(self.written().map(|(place, _)| place).filter(move |place| *place != own))
    }

    /// Returns the place elsewhere in this file where the port of an address is written.
    pub(crate) fn written_port(&self) -> Option<Span> {
        let is_elsewhere = |place: &Span| !self.span.covers(*place) && *place != Span::default();
        self.port.filter(is_elsewhere)
    }

    /// Returns the place where `other` is written, if it is the port behind the text.
    pub(super) fn port_in(&self, other: &Self) -> Option<Span> {
        let is_before_port = matches!(self.pieces.last(), Some(Piece::Text(text)) if text.ends_with(':'));
        let is_port = || other.constant().is_some_and(|text| text.parse::<u16>().is_ok());
        let place = || other.port.or(other.beginning().map(|(place, _)| place)).unwrap_or(other.span);
        (is_before_port && is_port()).then(place)
    }
}
