use thirtyfour::prelude::*;

#[tokio::test]
async fn finds_the_form() -> WebDriverResult<()> {
    let driver = WebDriver::managed(DesiredCapabilities::chrome()).await?;
    driver.goto("https://wikipedia.org").await?;
    driver.quit().await
}
