use shared_memory::ShmemConf;

#[test]
fn shares() {
    let memory = ShmemConf::new().size(4096).os_id("test-memory").create().unwrap();
    drop(memory);
}
