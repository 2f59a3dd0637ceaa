pub fn ports() -> usize {
    4
}

#[cfg(test)]
mod tests {
    include!("shared_devices.rs");

    #[test]
    fn has_ports() {
        reset("sw0");
        assert_eq!(super::ports(), 4);
    }
}
