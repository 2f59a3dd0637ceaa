use nix::sched::{CloneFlags, unshare};

fn floor() -> std::io::Result<()> {
    let end = || -> std::io::Result<u8> {
        unshare(CloneFlags::CLONE_NEWNET)?;
        Ok(0)
    };
    end()?;
    end()?;
    Ok(())
}

fn alone() {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
}

#[test]
fn in_a_scope() {
    std::thread::scope(|scope| scope.spawn(floor).join().unwrap()).unwrap();
}

#[test]
fn on_a_thread() {
    std::thread::spawn(self::alone).join().unwrap();
}
