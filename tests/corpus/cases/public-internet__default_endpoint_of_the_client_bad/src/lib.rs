use std::time::Duration;

pub struct Client {
    base: String,
    http: reqwest::Client,
}

impl Default for Client {
    fn default() -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        Self { base: "https://api.github.com".to_string(), http }
    }
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self { base: base.to_string(), ..Self::default() }
    }

    pub async fn zen(&self) -> Result<String, reqwest::Error> {
        self.http.get(format!("{}/zen", self.base)).send().await?.text().await
    }
}
