use rumqttc::{Client, MqttOptions};

#[test]
fn publishes() {
    let options = MqttOptions::new("test", "127.0.0.1", 1883);
    let (client, mut connection) = Client::new(options, 10);
    client.try_publish("topic", rumqttc::QoS::AtMostOnce, false, "x").unwrap();
    connection.iter().next().unwrap().unwrap();
}
