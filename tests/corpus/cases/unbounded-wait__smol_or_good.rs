use smol::future::FutureExt;
#[test]
fn runs() {
    smol::block_on(async {
        let mut c = smol::process::Command::new("server").spawn().unwrap();
        let r = async { Some(c.status().await) }
            .or(async {
                smol::Timer::after(std::time::Duration::from_secs(5)).await;
                None
            })
            .await;
        assert!(r.is_some());
    });
}
