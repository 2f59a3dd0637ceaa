pub fn forward() {}
