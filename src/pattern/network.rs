//! Networks, and IP addresses in labels.

use super::PatternError;
use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network such as `10.0.0.0/8` or `2001:db8::/32`. An address alone is a network with one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    net: IpNet,
}

impl Network {
    /// Reads a network.
    ///
    /// # Errors
    /// If the text is not a network, or host bits are set. In the second case, the help names the network.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let net = read(text)?;
        let meant = net.trunc();
        if meant != net {
            let message = format!("`{text}` sets bits past its prefix of {}", bits(net.prefix_len()));
            let help = format!("the network is `{meant}`; the address alone is `{}`", net.addr());
            return Err(PatternError::new(0..text.len(), message).help(help));
        }
        Ok(Self { net: canonical(net) })
    }

    /// Whether the network contains an address.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        self.net.contains(&address.to_canonical())
    }

    /// Whether the network contains every address of `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.net.contains(&other.net)
    }

    /// The network in its canonical form.
    pub(super) fn net(&self) -> IpNet {
        self.net
    }

    /// Its first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.net.network()
    }
}

/// Reads `10.0.0.7`, `10.0.0.7:9100`, `[2001:db8::1]:9100`, `2001:db8::1`.
///
/// An IPv4-mapped IPv6 address (`::ffff:10.0.0.7`) is read as the IPv4 address. A zone index after `%` is ignored.
#[must_use]
pub fn address(text: &str) -> Option<IpAddr> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (inside, after) = bracketed.split_once(']')?;
        let port = after.strip_prefix(':');
        return if after.is_empty() || port.is_some_and(is_port) { version_6(inside) } else { None };
    }
    if let Some((host, port)) = text.split_once(':')
        && !port.contains(':')
    {
        return if is_port(port) { version_4(host) } else { None };
    }
    version_4(text).or_else(|| version_6(text))
}

fn version_4(text: &str) -> Option<IpAddr> {
    text.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

fn version_6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn read(text: &str) -> Result<IpNet, PatternError> {
    let Some((host, prefix)) = text.split_once('/') else {
        return text.parse::<IpAddr>().map(IpNet::from).map_err(|_| no_address(text, 0, text));
    };
    let address = host.parse::<IpAddr>().map_err(|_| no_address(text, 0, host))?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = prefix.parse::<u8>().ok().filter(|length| *length <= longest);
    let plain = prefix.bytes().all(|byte| byte.is_ascii_digit());
    match length.filter(|_| plain).and_then(|length| IpNet::new(address, length).ok()) {
        Some(net) => Ok(net),
        None => Err(no_prefix(host, prefix, longest)),
    }
}

fn no_prefix(host: &str, prefix: &str, longest: u8) -> PatternError {
    let start = host.len() + 1;
    let message = format!("expected a prefix of 0 to {longest} bits, found `{prefix}`");
    let invalid = PatternError::new(start..start + prefix.len(), message);
    let mask = prefix.parse::<Ipv4Addr>().ok();
    match mask.and_then(|mask| Ipv4Net::with_netmask(Ipv4Addr::UNSPECIFIED, mask).ok()) {
        Some(net) => invalid.help(format!("write the mask as a number of bits: `{host}/{}`", net.prefix_len())),
        None => invalid,
    }
}

/// The error for `host`, which begins at `start` in the text and is not an address.
fn no_address(text: &str, start: usize, host: &str) -> PatternError {
    let range = start..start + host.len();
    let message = match host {
        "" => "expected an IP address".to_owned(),
        _ => format!("`{host}` is not an IP address"),
    };
    let invalid = PatternError::new(range, message);
    if let Some(address) = address(host) {
        return invalid.help(format!("a network has no port: write `{address}`"));
    }
    match whole_octets(host) {
        Some(net) => invalid.help(format!("write the network in full: `{net}`")),
        None if text.contains('-') => invalid.help("write a range as the networks it consists of"),
        None => invalid.help("write a network such as `10.0.0.0/8`, or an address such as `10.0.0.7`"),
    }
}

/// The network that `10.0`, `10.0.*` or `10.0.0.*` means.
fn whole_octets(host: &str) -> Option<Ipv4Net> {
    let stem = host.trim_end_matches(".*").trim_end_matches('.');
    let octets: Vec<u8> = stem.split('.').map(|octet| octet.parse().ok()).collect::<Option<_>>()?;
    let length = u8::try_from(octets.len()).ok().filter(|length| *length < 4)? * 8;
    let mut full = octets.into_iter().chain(std::iter::repeat(0));
    let mut next = || full.next().unwrap_or(0);
    Ipv4Net::new(Ipv4Addr::new(next(), next(), next(), next()), length).ok()
}

fn bits(length: u8) -> String {
    if length == 1 { "1 bit".to_owned() } else { format!("{length} bits") }
}

/// Converts a network of IPv4-mapped IPv6 addresses to the IPv4 network.
fn canonical(net: IpNet) -> IpNet {
    match (net.addr().to_canonical(), net.prefix_len().checked_sub(96)) {
        (address @ IpAddr::V4(_), Some(length)) if net.addr().is_ipv6() => IpNet::new(address, length).unwrap_or(net),
        _ => net,
    }
}
