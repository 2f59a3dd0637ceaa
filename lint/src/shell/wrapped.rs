//! Programs that run another program: the words of the inner command, and whether it runs in another network namespace.

use crate::tables;

/// Returns the names of leading wrappers such as `sudo`, `env` or `timeout`, and the words of the command behind them.
pub(crate) fn unwrapped(words: &[String]) -> (Vec<&str>, &[String]) {
    let mut wrappers = Vec::new();
    let mut rest = words;
    // An unknown helper in front of `ip netns exec`.
    if let [helper, ip, netns, exec, ..] = words
        && helper == "{}"
        && tables::program_name(ip) == "ip"
        && netns == "netns"
        && exec == "exec"
    {
        rest = &words[1..];
    }
    while let Some(first) = rest.first() {
        let name = tables::program_name(first);
        if !tables::WRAPPERS.contains(&name) || tables::GUESTS.contains(&name) {
            break;
        }
        let operands = match name {
            "ip" if rest.get(1).is_some_and(|word| word == "netns")
                && rest.get(2).is_some_and(|word| word == "exec") =>
            {
                3
            }
            "ip" => break,
            "timeout" | "chroot" | "runuser" => 1,
            _ => 0,
        };
        wrappers.push(name);
        let after = &rest[1..];
        let mut options = 0;
        while let Some(word) = after.get(options).filter(|word| word.starts_with('-') || super::is_assignment(word)) {
            let has_value = tables::VALUE_OPTIONS.iter().any(|(wrapper, option)| *wrapper == name && option == word);
            options += if has_value { 2 } else { 1 };
        }
        let skipped = if name == "ip" { operands } else { options + operands };
        rest = after.get(skipped..).unwrap_or_default();
    }
    (wrappers, rest)
}

/// Whether a command runs in a network namespace that it names or creates: `ip netns exec`, `ip -n`, `nsenter --net`,
/// `unshare -n`.
pub(crate) fn is_confined(words: &[String]) -> bool {
    let (wrappers, rest) = unwrapped(words);
    let of_network = |word: &String| {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        word.starts_with("--net") || letters.is_some_and(|letters| letters.contains('n') && letters.len() < 6)
    };
    let by_wrapper = |wrapper: &&str| match *wrapper {
        "ip" => true,
        "nsenter" | "unshare" => words.iter().take(words.len() - rest.len()).any(of_network),
        _ => false,
    };
    let program = rest.first().map(|program| tables::program_name(program));
    let options = rest.iter().skip(1).take_while(|word| word.starts_with('-'));
    let names_one = |word: &String| word == "-n" || word == "-netns" || word.starts_with("--netns");
    wrappers.iter().any(by_wrapper)
        || ["ip", "bridge", "tc", "ss"].contains(&program.unwrap_or_default()) && options.clone().any(names_one)
}

/// Returns the beginning of a command, as the message of a finding shows it.
pub(crate) fn beginning_of(program: &str, operands: &[String]) -> String {
    let shown: Vec<&str> = operands.iter().take(SHOWN).map(String::as_str).collect();
    format!("{program} {}", shown.join(" ").replace("{}", "…"))
}

/// The number of operands that are shown.
const SHOWN: usize = 4;
