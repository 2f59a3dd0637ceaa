use quote::quote;

use super::*;

fn read(tokens: TokenStream) -> (Arguments, Vec<String>) {
    let mut mistakes = Mistakes::default();
    let arguments = Arguments::parse(tokens, &mut mistakes);
    (arguments, mistakes.messages())
}

fn valid(tokens: TokenStream) -> Arguments {
    let text = tokens.to_string();
    let (arguments, messages) = read(tokens);
    assert_eq!(messages, [""; 0], "{text}");
    arguments
}

/// The messages up to the list of valid values.
fn wrong(tokens: TokenStream) -> Vec<String> {
    let cut = |message: String| message.split("; valid").next().unwrap_or_default().to_owned();
    read(tokens).1.into_iter().map(cut).collect()
}

#[test]
fn no_arguments_leave_everything_to_the_defaults() {
    let arguments = valid(quote!());
    assert_eq!(arguments.deadline, None);
    assert_eq!(arguments.requires, [""; 0]);
    assert_eq!(arguments.hostname, None);
    assert!(arguments.krate.is_none());
    assert_eq!(arguments.flavor, None);
    assert_eq!(arguments.worker_threads, None);
}

#[test]
fn all_arguments_are_read_in_any_order_with_or_without_a_comma_at_the_end() {
    for tokens in [
        quote!(
            deadline = "10s",
            requires(netem, vlan),
            hostname = "r1",
            crate = "crate::kit",
            flavor = "multi_thread",
            worker_threads = 4
        ),
        quote!(
            worker_threads = 4usize,
            flavor = "multi_thread",
            crate = "crate::kit",
            hostname = "r1",
            requires(netem, vlan,),
            deadline = "10s",
        ),
    ] {
        let arguments = valid(tokens);
        assert_eq!(arguments.deadline, Some(Duration::from_secs(10)));
        assert_eq!(arguments.requires, ["netem", "vlan"]);
        assert_eq!(arguments.hostname.as_deref(), Some("r1"));
        let krate = arguments.krate.expect("the path is valid");
        assert_eq!(krate.to_token_stream().to_string(), "crate :: kit");
        assert_eq!(arguments.flavor, Some(Flavor::MultiThread));
        assert_eq!(arguments.worker_threads, Some(4));
    }
}

#[test]
fn every_requirement_of_the_table_is_read() {
    for name in requirement::NAMES {
        let ident = Ident::new(name, Span::call_site());
        assert_eq!(valid(quote!(requires(#ident))).requires, [name]);
    }
}

#[test]
fn the_form_in_the_table_is_one_that_the_parser_takes() {
    for (argument, _, form) in ARGUMENTS {
        let mut tokens: TokenStream = form.parse().expect("a form is Rust");
        if argument == Argument::WorkerThreads {
            tokens = quote!(flavor = "multi_thread", #tokens);
        }
        assert!(valid(tokens).has(argument), "{form}");
    }
}

#[test]
fn an_unknown_argument_lists_the_valid_ones_and_the_nearest() {
    let (_, messages) = read(quote!(dedline = "10s"));
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert!(
        message.starts_with("`#[netns_test]` has no argument `dedline` (did you mean `deadline`?); valid arguments")
    );
    for (_, _, form) in ARGUMENTS {
        assert!(message.contains(form), "{message}");
    }
    assert_eq!(wrong(quote!(timeout(3))), ["`#[netns_test]` has no argument `timeout`"]);
}

#[test]
fn each_mistake_is_told_once_and_hides_no_other() {
    assert_eq!(
        wrong(quote!(timeout = "1s", deadline = "0s", requires(nettem, vlan, vlan), "x", hostname)),
        [
            "`#[netns_test]` has no argument `timeout`",
            "a test cannot end in no time; a deadline is a whole number and a unit (ms, s, m, h), from 1ms to 1h, as in \"10s\"",
            "nothing is called `nettem` here (did you mean `netem`?)",
            "`vlan` is required twice; name it once",
            "expected an argument",
            "`hostname` is written `hostname = \"router\"`",
        ]
    );
}

#[test]
fn a_repeated_argument_is_one_mistake_whatever_its_value() {
    for second in [quote!(deadline = "2s"), quote!(deadline = "never"), quote!(deadline), quote!(deadline(1))] {
        assert_eq!(wrong(quote!(deadline = "1s", #second)), ["`deadline` stands here twice; give it once"]);
    }
    // Reported even if the first one was invalid: the repetition is a separate mistake.
    assert_eq!(wrong(quote!(hostname = "-", hostname = "a")).len(), 2);
}

#[test]
fn a_value_of_the_wrong_kind_shows_the_right_one() {
    for (tokens, message) in [
        (quote!(deadline), "`deadline` is written `deadline = \"10s\"`"),
        (quote!(deadline("10s")), "`deadline` is written `deadline = \"10s\"`"),
        (quote!(deadline =), "`deadline` takes a string, as in `deadline = \"10s\"`"),
        (quote!(deadline = 10), "`deadline` takes a string, as in `deadline = \"10s\"`"),
        (quote!(deadline = 10s), "`deadline` takes a string, as in `deadline = \"10s\"`"),
        (quote!(deadline = LIMIT), "`deadline` takes a string, as in `deadline = \"10s\"`"),
        (quote!(deadline = b"10s"), "`deadline` takes a string, as in `deadline = \"10s\"`"),
        (quote!(hostname = router), "`hostname` takes a string, as in `hostname = \"router\"`"),
        (quote!(flavor = multi_thread), "`flavor` takes a string, as in `flavor = \"multi_thread\"`"),
        (quote!(requires), "`requires` is written `requires(netem, vlan)`"),
        (quote!(requires = "vlan"), "`requires` is written `requires(netem, vlan)`"),
        (quote!(requires()), "`requires()` requires nothing; name something or leave it out"),
        (quote!(requires("vlan")), "expected a bare name, as in `requires(vlan)`"),
        (quote!(requires(vlan netem)), "expected `,` between names"),
        (quote!(requires(vlan = true)), "expected `,` between names"),
        (quote!(crate = "a b"), "expected a path to `netns_fixtures`, as in `crate = \"crate::kit::netns_fixtures\"`"),
        (quote!(crate = ""), "expected a path to `netns_fixtures`, as in `crate = \"crate::kit::netns_fixtures\"`"),
        (quote!(deadline = "1s" hostname = "a"), "expected `,` between arguments"),
        (quote!(, deadline = "1s"), "expected an argument"),
        (quote!(flavor = "multi_thread", worker_threads), "`worker_threads` is written `worker_threads = 4`"),
    ] {
        assert_eq!(wrong(tokens.clone()), [message], "{tokens}");
    }
}

#[test]
fn flavors_are_those_of_tokio() {
    assert_eq!(valid(quote!(flavor = "current_thread")).flavor, Some(Flavor::CurrentThread));
    let (_, messages) = read(quote!(flavor = "multithread"));
    assert_eq!(
        messages,
        [
            "tokio has no flavor `multithread` (did you mean `multi_thread`?); valid flavors are \"current_thread\" and \"multi_thread\""
        ]
    );
}

#[test]
fn worker_threads_have_a_range_and_go_with_one_flavor() {
    for threads in [1_usize, 64] {
        let arguments = valid(quote!(flavor = "multi_thread", worker_threads = #threads));
        assert_eq!(arguments.worker_threads, Some(threads));
    }
    for threads in
        [quote!(0), quote!(65), quote!(-1), quote!("4"), quote!(1.5), quote!(4u8), quote!(99999999999999999999)]
    {
        assert_eq!(
            wrong(quote!(flavor = "multi_thread", worker_threads = #threads)),
            ["`worker_threads` is a whole number from 1 to 64"],
            "{threads}"
        );
    }
    for tokens in [quote!(worker_threads = 2), quote!(flavor = "current_thread", worker_threads = 2)] {
        let [message] = &wrong(tokens)[..] else { panic!("one message") };
        assert!(message.starts_with("`worker_threads` goes with `flavor = \"multi_thread\"`"), "{message}");
    }
    // The intended flavor is unknown, so there is no second error.
    assert_eq!(wrong(quote!(flavor = "multi", worker_threads = 2)).len(), 1);
}

#[test]
fn what_only_an_async_test_takes_is_one_mistake_on_a_plain_one() {
    for (tokens, expected) in [
        (quote!(deadline = "1s", requires(vlan), hostname = "a", crate = "x"), None),
        (quote!(flavor = "current_thread"), Some("flavor")),
        (quote!(worker_threads = 2, flavor = "multi_thread"), Some("worker_threads")),
    ] {
        let mut mistakes = Mistakes::default();
        valid(tokens).check_not_async(&mut mistakes);
        let expected = expected
            .map(|name| format!("`{name}` chooses the runtime of an `async fn`, and this is a plain `fn`"))
            .into_iter()
            .collect::<Vec<_>>();
        assert_eq!(mistakes.messages(), expected);
    }
}
