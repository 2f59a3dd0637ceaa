use thirtyfour::prelude::*;

#[tokio::test]
async fn finds_the_form() -> WebDriverResult<()> {
    let driver = driver().await?;
    driver.goto(&format!("http://{}/form", serve().await)).await?;
    driver.goto("http://localhost/form").await?;
    driver.goto("about:blank").await?;
    driver.quit().await
}
