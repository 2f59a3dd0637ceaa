pub struct Relay;
