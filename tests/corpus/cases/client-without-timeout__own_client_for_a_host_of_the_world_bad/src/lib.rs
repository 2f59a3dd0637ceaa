pub struct Api {
    http: reqwest::Client,
}

impl Api {
    pub fn new() -> Self {
        Self { http: reqwest::Client::new() }
    }

    pub async fn get(&self, url: &str) -> Result<String, reqwest::Error> {
        self.http.get(url).send().await?.text().await
    }
}
