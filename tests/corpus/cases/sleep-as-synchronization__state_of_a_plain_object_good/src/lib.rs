pub struct Cache {
    entries: Vec<u32>,
}

impl Cache {
    pub fn new() -> Self {
        Self { entries: Vec::new() }
    }

    pub fn count(&self) -> usize {
        self.entries.len()
    }
}
