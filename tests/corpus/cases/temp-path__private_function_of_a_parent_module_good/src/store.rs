pub struct Store;

impl Store {
    pub fn new() -> Self {
        super::prepare();
        Self
    }
}
