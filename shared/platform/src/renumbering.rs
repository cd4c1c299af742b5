//! Numbers that countries have changed, as their plans derive the new form from the old one.
//!
//! An account enrolled years ago, a login's directory and people's habits still have the old forms. A form is listed
//! only if the plan maps every number to one new number of the same subscriber: a guess would reach a stranger.

/// Old and new form; `x` is any digit, and the new form keeps them in order. Of the rows that an old number fits, the
/// first counts.
const RENUMBERED: [(&str, &str); 55] = [
    // Benin, 2024: 01 before every number.
    ("229xxxxxxxx", "22901xxxxxxxx"),
    // Ivory Coast, 2021: landlines of the incumbent (the plan knows which), then mobiles by their operator's digit.
    ("2252xxxxxxx", "225272xxxxxxx"),
    ("2253xxxxxxx", "225273xxxxxxx"),
    ("225x0xxxxxx", "22501x0xxxxxx"),
    ("225x1xxxxxx", "22501x1xxxxxx"),
    ("225x2xxxxxx", "22501x2xxxxxx"),
    ("225x3xxxxxx", "22501x3xxxxxx"),
    ("225x4xxxxxx", "22505x4xxxxxx"),
    ("225x5xxxxxx", "22505x5xxxxxx"),
    ("225x6xxxxxx", "22505x6xxxxxx"),
    ("225x7xxxxxx", "22507x7xxxxxx"),
    ("225x8xxxxxx", "22507x8xxxxxx"),
    ("225x9xxxxxx", "22507x9xxxxxx"),
    // Colombia, 2021: 60 before the area code of landlines.
    ("571xxxxxxx", "57601xxxxxxx"),
    ("572xxxxxxx", "57602xxxxxxx"),
    ("574xxxxxxx", "57604xxxxxxx"),
    ("575xxxxxxx", "57605xxxxxxx"),
    ("576xxxxxxx", "57606xxxxxxx"),
    ("577xxxxxxx", "57607xxxxxxx"),
    ("578xxxxxxx", "57608xxxxxxx"),
    // Mexico, 2019: no 1, 044 or 045 before mobiles and no 01 before landlines.
    ("521xxxxxxxxxx", "52xxxxxxxxxx"),
    ("5201xxxxxxxxxx", "52xxxxxxxxxx"),
    ("52044xxxxxxxxxx", "52xxxxxxxxxx"),
    ("52045xxxxxxxxxx", "52xxxxxxxxxx"),
    // Vietnam, 2018: mobiles lost a digit.
    ("84120xxxxxxx", "8470xxxxxxx"),
    ("84121xxxxxxx", "8479xxxxxxx"),
    ("84122xxxxxxx", "8477xxxxxxx"),
    ("84123xxxxxxx", "8483xxxxxxx"),
    ("84124xxxxxxx", "8484xxxxxxx"),
    ("84125xxxxxxx", "8485xxxxxxx"),
    ("84126xxxxxxx", "8476xxxxxxx"),
    ("84127xxxxxxx", "8481xxxxxxx"),
    ("84128xxxxxxx", "8478xxxxxxx"),
    ("84129xxxxxxx", "8482xxxxxxx"),
    ("84162xxxxxxx", "8432xxxxxxx"),
    ("84163xxxxxxx", "8433xxxxxxx"),
    ("84164xxxxxxx", "8434xxxxxxx"),
    ("84165xxxxxxx", "8435xxxxxxx"),
    ("84166xxxxxxx", "8436xxxxxxx"),
    ("84167xxxxxxx", "8437xxxxxxx"),
    ("84168xxxxxxx", "8438xxxxxxx"),
    ("84169xxxxxxx", "8439xxxxxxx"),
    ("84186xxxxxxx", "8456xxxxxxx"),
    ("84188xxxxxxx", "8458xxxxxxx"),
    ("84199xxxxxxx", "8459xxxxxxx"),
    // Brazil, until 2016: 9 before mobiles, which began with 6 to 9.
    ("55xx6xxxxxxx", "55xx96xxxxxxx"),
    ("55xx7xxxxxxx", "55xx97xxxxxxx"),
    ("55xx8xxxxxxx", "55xx98xxxxxxx"),
    ("55xx9xxxxxxx", "55xx99xxxxxxx"),
    // Cameroon, 2014: 6 before mobiles, 2 before landlines.
    ("2377xxxxxxx", "23767xxxxxxx"),
    ("2379xxxxxxx", "23769xxxxxxx"),
    ("2372xxxxxxx", "23722xxxxxxx"),
    ("2373xxxxxxx", "23723xxxxxxx"),
    // Ecuador, 2012: 9 before mobiles.
    ("5938xxxxxxx", "59398xxxxxxx"),
    ("5939xxxxxxx", "59399xxxxxxx"),
];

/// The E.164 form that has taken the place of `e164`, if its plan derives one.
pub(crate) fn successor(e164: &str) -> Option<String> {
    let digits = e164.strip_prefix('+')?;
    let (old, new) = RENUMBERED.iter().find(|(old, _)| fits(digits, old))?;
    let mut kept =
        digits.bytes().zip(old.bytes()).filter(|(_, form)| *form == b'x').map(|(digit, _)| char::from(digit));
    let successor = new.chars().map(|form| if form == 'x' { kept.next() } else { Some(form) });
    successor.collect::<Option<String>>().map(|digits| format!("+{digits}"))
}

fn fits(digits: &str, form: &str) -> bool {
    digits.len() == form.len() && digits.bytes().zip(form.bytes()).all(|(digit, form)| form == b'x' || digit == form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_form_keeps_every_digit_that_the_old_one_leaves_open() {
        for (old, new) in RENUMBERED {
            let open = |form: &str| form.matches('x').count();
            assert_eq!(open(old), open(new), "{old} {new}");
        }
    }

    #[test]
    fn a_number_in_no_old_form_has_no_successor() {
        for e164 in ["+14155552671", "+4915112345678", "+22901971234567", "+229971234"] {
            assert_eq!(successor(e164), None, "{e164}");
        }
    }
}
