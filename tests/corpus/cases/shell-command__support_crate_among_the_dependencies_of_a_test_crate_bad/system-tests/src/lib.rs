#[cfg(test)]
mod connects {
    #[test]
    fn connects() {
        netlab_common::remove("v0");
    }
}
