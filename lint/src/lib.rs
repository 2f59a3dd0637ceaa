//! Placeholder until the first commit of the area.
