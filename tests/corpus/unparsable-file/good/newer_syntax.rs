//! Syntax of the last editions.

use std::ops::AsyncFn;

unsafe extern "C" {
    safe fn abs(number: i32) -> i32;
}

async fn apply(work: impl AsyncFn(u8) -> u8) -> u8 {
    work(1).await
}

fn captured<'a>(text: &'a str) -> impl Iterator<Item = char> + use<'a> {
    text.chars()
}

#[test]
fn chains_of_let() {
    if let Some(first) = captured("a").next()
        && first.is_alphabetic()
        && let Ok(number) = "1".parse::<i32>()
    {
        assert_eq!(abs(-number), 1);
    }
}

#[tokio::test]
async fn asynchronous_closures() {
    let r#match = apply(async |number| number + 1).await;
    let c"x" = c"x" else { unreachable!() };
    assert_eq!(r#match, const { 1 + 1 });
}
