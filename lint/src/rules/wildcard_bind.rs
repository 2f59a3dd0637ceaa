//! # wildcard-bind
//!
//! Reports a listener on every address of the machine: `0.0.0.0`, `::`, `UNSPECIFIED`.
//!
//! ## Why is this bad?
//! Everybody in the machine's networks can talk to the test while it runs, and on many systems a firewall asks. A
//! test server seldom checks who speaks.
//!
//! ## Bad
//! ```text
//! let listener = TcpListener::bind("0.0.0.0:0").await?;
//! ```
//!
//! ## Good
//! ```text
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! #[netns_test] async fn serves(net: Pair) { … }      // netns-fixtures: a network with nobody else in it
//! ```
//!
//! ## Limits
//! A UDP socket on port 0 is taken as a client and not reported.
//!
//! ## References
//! CWE-1327; ip(7), INADDR_ANY.

use super::address::read;
use crate::config::Config;
use crate::facts::{FileFacts, SinkKind};
use crate::finding::Severity;
use crate::rule::{Hit, Rule};

/// See the documentation of the module.
pub(crate) struct WildcardBind;

impl Rule for WildcardBind {
    fn name(&self) -> &'static str {
        "wildcard-bind"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
        for sink in &facts.sinks {
            let datagram = match sink.kind {
                SinkKind::Listen => false,
                SinkKind::Bind | SinkKind::Datagram => true,
                _ => continue,
            };
            let Some(value) = sink.values.first() else { continue };
            let Some(found) = read(&value.shown()).filter(super::address::Found::is_wildcard) else { continue };
            let port_is_open = found.port == Some(0);
            if (datagram && port_is_open) || facts.functions[sink.function].isolated {
                continue;
            }
            let message = format!("`{}` listens on every address of this machine", found.text);
            let help = "bind loopback, `127.0.0.1:0` or `[::1]:0`; inside a `#[netns_test]` there is no other network";
            let hit = Hit::new(sink.function, value.span, message, help);
            hits.push(if value.span == sink.span { hit } else { hit.label(sink.span, format!("here, by `{}`", sink.by)) });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found};

    const FRAME: &str = "use std::net::*; const ANY: &str = \"0.0.0.0\"; fn f(port: u16, s: Socket) { {} }";
    const RULE: &str = "wildcard-bind";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"TcpListener::bind("0.0.0.0:0").unwrap();"#,
                r#"TcpListener::bind("[::]:0").unwrap();"#,
                r#"tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();"#,
                "TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();",
                "TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap();",
                "TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 8080))).unwrap();",
                "TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)).unwrap();",
                "TcpListener::bind((ANY, 80)).unwrap();",
                r#"TcpListener::bind(format!("0.0.0.0:{port}")).unwrap();"#,
                r#"UdpSocket::bind("0.0.0.0:5353").unwrap();"#,
                r#"let a: SocketAddr = "0.0.0.0:80".parse().unwrap(); s.bind(&a.into()).unwrap();"#,
                r#"HttpServer::new(app).bind("0.0.0.0:8080").unwrap();"#,
                r"UdpSocket::bind((Ipv4Addr::new(0, 0, 0, 0), 53)).unwrap();",
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"TcpListener::bind("127.0.0.1:0").unwrap();"#,
                r#"TcpListener::bind("[::1]:0").unwrap();"#,
                "TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();",
                r#"UdpSocket::bind("0.0.0.0:0").unwrap();"#,
                r#"UdpSocket::bind("[::]:0").unwrap();"#,
                "UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();",
                r#"TcpListener::bind("192.0.2.1:80").unwrap();"#,
                r#"TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();"#,
                r#"assert_eq!(ANY, "0.0.0.0");"#,
                r#"let a: SocketAddr = "0.0.0.0:0".parse().unwrap(); s.bind(&a.into()).unwrap();"#,
                "assert!(Ipv4Addr::UNSPECIFIED.is_unspecified());",
                r#"parse("0.0.0.0:80");"#,
            ],
        );
        clean(RULE, r#"#[netns_test] fn f() { std::net::TcpListener::bind("0.0.0.0:0").unwrap(); }"#);
    }
}
