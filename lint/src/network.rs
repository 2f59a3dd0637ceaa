//! Addresses and networks in the configuration: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.

use std::net::IpAddr;

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
