//! Which addresses may be reached: the public internet, and what the gateway's configuration allows besides.
//!
//! Rule files can name any URL, so a delivery must not become a way into the gateway's own network. Pure. The blocked
//! networks are those of IANA's special-purpose registries and of what embeds an IPv4 address in an IPv6 one, as Svix
//! blocks them for webhooks (svix-webhooks, `is_allowed`).

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(first: u16, second: u16, third: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), length)
}

/// Blocked networks of IPv4, and what they are.
const BLOCKED: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "carrier-grade NAT"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "6to4 relays"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "benchmarks"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(255, 255, 255, 255, 32), "broadcast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

/// Blocked networks of IPv6, and what they are. What is not in `2000::/3` is blocked too, as nothing else is public.
const BLOCKED_V6: [(Ipv6Net, &str); 15] = [
    (v6(0, 0, 0, 96), "IPv4-compatible, loopback or unspecified"),
    (v6(0x64, 0xff9b, 0, 96), "NAT64"),
    (v6(0x64, 0xff9b, 1, 48), "NAT64"),
    (v6(0x100, 0, 0, 64), "discarded"),
    (v6(0x2001, 0, 0, 32), "Teredo"),
    (v6(0x2001, 2, 0, 48), "benchmarks"),
    (v6(0x2001, 0, 0, 23), "protocol assignments"),
    (v6(0x2001, 0xdb8, 0, 32), "documentation"),
    (v6(0x2002, 0, 0, 16), "6to4"),
    (v6(0x3fff, 0, 0, 20), "documentation"),
    (v6(0x5f00, 0, 0, 16), "SRv6"),
    (v6(0xfc00, 0, 0, 7), "unique local"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 8), "multicast"),
];

/// Where public addresses of IPv6 are.
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// Why an address is not public; nothing where it is.
pub(super) fn blocked_reason(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => matching_network(&BLOCKED, |net| net.contains(&address)),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(_) => Some("IPv4-mapped"),
            None => matching_network(&BLOCKED_V6, |net| net.contains(&address))
                .or_else(|| (!PUBLIC_V6.contains(&address)).then_some("reserved")),
        },
    }
}

fn matching_network<N>(nets: &[(N, &'static str)], contains: impl Fn(&N) -> bool) -> Option<&'static str> {
    nets.iter().find(|(net, _)| contains(net)).map(|(_, name)| *name)
}

/// What may be reached besides the public internet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AddressPolicy {
    /// Whether every address may be reached.
    pub(super) allow_all: bool,
    networks: Vec<IpNet>,
    hosts: Vec<String>,
}

/// What every reason of a blocked address says, by which it is recognised in the journal.
const NOT_PUBLIC: &str = "is not on the public internet";

/// Whether this is why an attempt failed whose address was blocked.
pub(super) fn is_blocked_reason(reason: &str) -> bool {
    reason.contains(NOT_PUBLIC)
}

/// An address that may not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the receiver's address {address} {} ({why}); to allow it, start with `--allow {network}`", NOT_PUBLIC)]
pub(super) struct BlockedAddress {
    address: IpAddr,
    why: &'static str,
    network: IpNet,
}

/// What is known about whether the address policy lets requests through to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressAccess {
    /// Nothing.
    Unknown,
    /// Its address may be reached.
    Allowed,
    /// Its address may not be reached.
    Blocked,
}

/// Checks that this is a network, an address or the name of a host.
///
/// # Errors
/// What is wrong with it, and what to write instead.
pub(super) fn check_allow_entry(entry: &str) -> Result<(), String> {
    let entry = entry.trim();
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    // No host has such a name, so an entry with a wildcard would allow nothing.
    if entry.contains('*') {
        return Err(format!(
            "`{entry}` is a wildcard, which allows nothing: name networks and hosts one by one, or let channels reach every \
             address with --allow-private"
        ));
    }
    let host = |name: &str| matches!(url::Host::parse(name), Ok(url::Host::Domain(_)));
    if entry.parse::<IpNet>().is_ok() || bare.parse::<IpAddr>().is_ok() || host(entry) {
        return Ok(());
    }
    Err(format!("`{entry}` is not a network or a host: expected something like 10.0.0.0/8, 10.1.2.3 or hooks.internal"))
}

impl AddressPolicy {
    /// Reads networks (`10.0.0.0/8`, `10.1.2.3`) and host names (`hooks.internal`); what is neither is a host name that
    /// never occurs.
    pub(super) fn read(entries: &[String]) -> Self {
        let mut allowed = Self::default();
        for entry in entries {
            let entry = entry.trim();
            let bare = entry.trim_start_matches('[').trim_end_matches(']');
            match (entry.parse::<IpNet>(), bare.parse::<IpAddr>()) {
                (Ok(network), _) => allowed.networks.push(network),
                (Err(_), Ok(address)) => allowed.networks.push(address.into()),
                (Err(_), Err(_)) => allowed.hosts.push(plain(entry)),
            }
        }
        allowed
    }

    /// Whether every address of a host of that name may be reached.
    pub(super) fn allows_host(&self, name: &str) -> bool {
        self.allow_all || self.hosts.contains(&plain(name))
    }

    /// Whether an address may be reached.
    ///
    /// # Errors
    /// Why it may not, and how it is allowed.
    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), BlockedAddress> {
        let mapped = match address {
            IpAddr::V6(address) => address.to_ipv4_mapped().map(IpAddr::V4),
            IpAddr::V4(_) => None,
        };
        let within = |address: &IpAddr| self.networks.iter().any(|network| network.contains(address));
        if self.allow_all || within(&address) || mapped.as_ref().is_some_and(within) {
            return Ok(());
        }
        match blocked_reason(address) {
            None => Ok(()),
            Some(why) => Err(BlockedAddress { address, why, network: mapped.unwrap_or(address).into() }),
        }
    }
}

/// A host name as it is compared.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{AddressPolicy, blocked_reason, check_allow_entry};
    use std::net::IpAddr;

    const NO: &str = "
        0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254
        172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7
        203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
        :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1
        100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd12:3456::1
        fe80::1 febf::1 fec0::1 ff02::1 4000::1 1::1 e000::1";
    const YES: &str = "
        1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255
        169.255.0.1 172.15.255.255 172.32.0.1 192.0.1.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1
        223.255.255.255 2001:4860:4860::8888 2400:3200::1 2606:4700::1111 2a00:1450::1 3ffe::1";

    fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
        text.split_whitespace().map(|address| address.parse().unwrap())
    }

    #[test]
    fn only_the_public_internet_is_open() {
        for address in addresses(NO) {
            assert!(blocked_reason(address).is_some(), "{address} is open");
        }
        for address in addresses(YES) {
            assert_eq!(blocked_reason(address), None, "{address} is blocked");
        }
    }

    #[test]
    fn what_is_allowed_is_open_and_nothing_beside_it() {
        let entries = ["10.1.0.0/16", "192.168.7.7", "fd00::/8", "Hooks.Internal."].map(str::to_owned);
        let allowed = AddressPolicy::read(&entries);
        for open in addresses("10.1.2.3 ::ffff:10.1.2.3 192.168.7.7 fd12::1 8.8.8.8") {
            assert_eq!(allowed.check_address(open), Ok(()));
        }
        for closed in addresses("10.2.0.1 192.168.7.8 127.0.0.1 ::1 169.254.169.254") {
            assert!(allowed.check_address(closed).is_err(), "{closed}");
        }
        assert!(allowed.allows_host("hooks.internal") && !allowed.allows_host("other.internal"));
        let all = AddressPolicy { allow_all: true, ..allowed };
        assert!(all.check_address(IpAddr::from([127, 0, 0, 1])).is_ok());
    }

    #[test]
    fn an_entry_that_would_allow_nothing_is_refused() {
        for fine in ["10.0.0.0/8", "10.1.2.3", "fd00::/8", "[::1]", "hooks.internal", "a_b.internal"] {
            assert_eq!(check_allow_entry(fine), Ok(()));
        }
        for wrong in ["*", "*.internal", "10.*", "", "10.0.0.0/40", "http://hooks.internal", "hooks.internal:80"] {
            let message = check_allow_entry(wrong).expect_err(wrong);
            assert_eq!(message.contains("--allow-private"), wrong.contains('*'), "{message}");
        }
    }

    #[test]
    fn the_refusal_says_how_to_allow_it() {
        let blocked = AddressPolicy::default().check_address("::ffff:10.0.0.9".parse().unwrap()).unwrap_err();
        assert!(blocked.to_string().ends_with("start with `--allow 10.0.0.9/32`"), "{blocked}");
    }
}
