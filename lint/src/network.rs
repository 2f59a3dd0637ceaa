//! Addresses and networks in the configuration: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.

use std::net::IpAddr;

use crate::tables;

/// Returns the port of `0.0.0.0:80` or `[::]:80`, and 0 where it is not known; `None` for other addresses.
pub(crate) fn port_of_wildcard(text: &str) -> Option<u16> {
    let (host, port) = text.rsplit_once(':')?;
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    address.is_unspecified().then(|| port.parse().unwrap_or(0))
}

/// All addresses with the same prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    address: IpAddr,
    /// The length of the prefix in bits.
    length: u32,
}

impl Network {
    /// Parses an address, which is a network with a single address, or an address with a prefix length.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(most), |length| length.parse().ok())?;
        (length <= most).then_some(Self { address, length })
    }

    /// Whether it contains every address that shares the first `known` bits with `address`.
    pub(crate) fn contains(self, address: IpAddr, known: u32) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
            IpAddr::V6(address) => address.to_bits(),
        };
        let differ = (bits(address) ^ bits(self.address)).leading_zeros();
        address.is_ipv4() == self.address.is_ipv4() && known >= self.length && differ >= self.length
    }
}

/// Returns the host of a URL, or of a name with or without a port, if a public resolver may know the host.
pub(crate) fn public_host(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_end_matches('.').to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let last = labels.last()?;
    let is_domain = labels.len() > 1 && labels.iter().all(is_label) && last.len() > 1;
    let is_name =
        last.chars().all(|character| character.is_ascii_alphabetic()) && !tables::PRIVATE_DOMAINS.contains(last);
    (is_domain && is_name).then_some(host)
}
