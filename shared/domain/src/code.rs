//! One-time codes: drawn uniformly, stored only as keyed MACs, compared in constant time. Also the two
//! or four digits that a page shows during a call: derived from key, challenge and call, stored nowhere.

use std::fmt;

use rand::{CryptoRng, RngExt as _};
use subtle::{Choice, ConstantTimeEq as _};
use thiserror::Error;

use crate::digest::HmacKey;
use crate::digits::{ascii_digit, is_blank};
use crate::identity::ChallengeId;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// Six decimal digits. Has no `Display`, and its `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Parses a guess: exactly six digits, of any script, ignoring spaces and invisible marks.
    pub fn parse(typed: &str) -> Result<Self, MalformedCode> {
        let typed = typed.chars().filter(|character| !is_blank(*character));
        let digits = typed.map(ascii_digit).collect::<Option<String>>().ok_or(MalformedCode)?;
        if digits.len() == 6 { Ok(Self(digits)) } else { Err(MalformedCode) }
    }

    /// Draws a code, uniform over 000000 to 999999.
    pub fn draw(random: &mut impl CryptoRng) -> Self {
        Self(format!("{:06}", random.random_range(0..1_000_000_u32)))
    }

    /// The digits, for the message that carries them and for the MAC.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Code(••••••)")
    }
}

/// The guess is not six digits, so it cannot be a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a code is exactly six digits")]
pub struct MalformedCode;

/// What is stored of a code: HMAC-SHA256 over challenge and code, and over the number if it was sent.
#[derive(Clone, Copy)]
pub struct CodeMac([u8; 32]);

impl CodeMac {
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl CodeMac {
    fn is_among(&self, stored: &[Self]) -> Choice {
        stored.iter().fold(Choice::from(0), |found, candidate| found | self.0.ct_eq(&candidate.0))
    }
}

impl fmt::Debug for CodeMac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CodeMac(…)")
    }
}

/// The MACs of a code about to be spoken: the one to store, and those that must not be stored yet.
#[derive(Clone, Copy, Debug)]
pub struct SpokenCodeMacs {
    /// The MAC to store, under the key in use.
    pub mac: CodeMac,
    /// The MACs under every key, none of which may already be stored: the spoken codes of a challenge are distinct.
    pub under_all: [CodeMac; 3],
}

impl SpokenCodeMacs {
    /// Whether exactly this code is among the `stored` ones, so that it may be said.
    #[must_use]
    pub fn is_stored(&self, stored: &[CodeMac]) -> bool {
        self.mac.is_among(stored).into()
    }
}

/// How many digits a page shows during a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitCount {
    /// 10 to 99, in the mode that matches digits.
    Two,
    /// 0000 to 9999, where `#` alone would not be enough.
    Four,
}

/// Digits that the page shows and that are entered in the call. Its `Debug` hides them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MatchDigits {
    count: DigitCount,
    number: u16,
}

impl MatchDigits {
    /// Parses four ASCII digits, or two, the first of which is not zero.
    #[must_use]
    pub fn parse(keyed: &str) -> Option<Self> {
        let count = match keyed.as_bytes() {
            [b'1'..=b'9', _] => DigitCount::Two,
            [_, _, _, _] => DigitCount::Four,
            _ => return None,
        };
        let number = keyed.bytes().all(|byte| byte.is_ascii_digit()).then(|| keyed.parse().ok());
        Some(Self { count, number: number.flatten()? })
    }

    #[must_use]
    pub const fn count(self) -> DigitCount {
        self.count
    }

    /// The digits, only for the page.
    #[must_use]
    pub fn expose(self) -> String {
        match self.count {
            DigitCount::Two => self.number.to_string(),
            DigitCount::Four => format!("{:04}", self.number),
        }
    }
}

impl fmt::Debug for MatchDigits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MatchDigits(••)")
    }
}

/// A secret key for the MACs of codes.
#[derive(Clone)]
pub struct MacKey(HmacKey);

impl MacKey {
    /// Derives the key from the text in the secret store.
    #[must_use]
    pub fn from_secret(secret: &str) -> Self {
        Self(HmacKey::new(&crate::digest::sha256(&[b"alliance-mfa code MAC key", secret.as_bytes()])))
    }

    /// The digits of a call: a 256-bit MAC modulo 90 or 10,000, which favours no value by as much as 2^-242. The
    /// fields of a code's MAC start with 32 bytes, never with these texts.
    fn digits(&self, count: DigitCount, challenge: &ChallengeId, call_token: &[u8; 32]) -> MatchDigits {
        let (text, least, values): (&[u8], _, _) = match count {
            DigitCount::Two => (b"digits of a call", 10, 90),
            DigitCount::Four => (b"four digits of a call", 0, 10_000),
        };
        let mac = self.0.mac(&[
            text,
            challenge.key.subject.as_bytes(),
            challenge.key.session.as_bytes(),
            &challenge.generation.to_be_bytes(),
            call_token,
        ]);
        let remainder = mac.iter().fold(0_u32, |remainder, byte| (remainder * 256 + u32::from(*byte)) % values);
        let [low, high, ..] = remainder.to_le_bytes();
        MatchDigits { count, number: least + u16::from_le_bytes([low, high]) }
    }

    /// The MAC leaves out the number, so that the webhook doesn't have to read it first: the provider may spell it
    /// differently from what is stored. A generation has only one number, and the call was placed to it.
    fn mac_of_spoken(&self, challenge: &ChallengeId, code: &Code) -> CodeMac {
        CodeMac(self.0.mac(&[
            b"code of a call",
            challenge.key.subject.as_bytes(),
            challenge.key.session.as_bytes(),
            &challenge.generation.to_be_bytes(),
            code.expose().as_bytes(),
        ]))
    }

    fn mac(&self, challenge: &ChallengeId, phone: &PhoneNumber, code: &Code) -> CodeMac {
        CodeMac(self.0.mac(&[
            challenge.key.subject.as_bytes(),
            challenge.key.session.as_bytes(),
            &challenge.generation.to_be_bytes(),
            phone.expose().as_bytes(),
            code.expose().as_bytes(),
        ]))
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MacKey(…)")
    }
}

/// The keys of a rotation. Codes are made under one key and judged under all, so that a rotation does not
/// invalidate codes on their way: `next` is published before it is used, `previous` is kept afterwards.
#[derive(Clone, Debug)]
pub struct MacKeys {
    /// The key in use.
    pub current: MacKey,
    pub previous: Option<MacKey>,
    /// The next key, and when it comes into use: far enough ahead for every warm function to know it by then.
    pub next: Option<(MacKey, Timestamp)>,
}

impl MacKeys {
    /// Draws a code that differs from every code in `taken`, with the MAC to store.
    pub fn issue(
        &self,
        challenge: &ChallengeId,
        phone: &PhoneNumber,
        taken: &[CodeMac],
        now: Timestamp,
        random: &mut impl CryptoRng,
    ) -> (Code, CodeMac) {
        loop {
            let code = Code::draw(random);
            if !self.verify(challenge, phone, taken, &code) {
                let mac = self.mac(challenge, phone, &code, now);
                return (code, mac);
            }
        }
    }

    /// The MAC of `code` under the key in use.
    #[must_use]
    pub fn mac(&self, challenge: &ChallengeId, phone: &PhoneNumber, code: &Code, now: Timestamp) -> CodeMac {
        self.signing_key(now).mac(challenge, phone, code)
    }

    /// Draws a code for a call to say. Only the store knows which codes it must differ from, so its MAC is
    /// computed under every key.
    pub fn speak(
        &self,
        challenge: &ChallengeId,
        now: Timestamp,
        random: &mut impl CryptoRng,
    ) -> (Code, SpokenCodeMacs) {
        let code = Code::draw(random);
        let mac = self.signing_key(now).mac_of_spoken(challenge, &code);
        let mut under_all = [mac; 3];
        for (slot, key) in under_all.iter_mut().zip(self.all()) {
            *slot = key.mac_of_spoken(challenge, &code);
        }
        (code, SpokenCodeMacs { mac, under_all })
    }

    /// Whether `guess` is one of the codes whose MACs are `stored`. Always compares with all of them under
    /// all keys, whichever matches.
    #[must_use]
    pub fn verify(&self, challenge: &ChallengeId, phone: &PhoneNumber, stored: &[CodeMac], guess: &Code) -> bool {
        self.any(stored, |key| key.mac(challenge, phone, guess))
    }

    /// Whether `guess` is one of the codes that calls have said, whose MACs are `stored`.
    #[must_use]
    pub fn verify_spoken(&self, challenge: &ChallengeId, stored: &[CodeMac], guess: &Code) -> bool {
        self.any(stored, |key| key.mac_of_spoken(challenge, guess))
    }

    fn any(&self, stored: &[CodeMac], mac: impl Fn(&MacKey) -> CodeMac) -> bool {
        self.all().fold(Choice::from(0), |found, key| found | mac(key).is_among(stored)).into()
    }

    /// The digits that the page shows during a call, under the key that was in use when the call was placed:
    /// so they stay the same during the call, even if the next key comes into use.
    #[must_use]
    pub fn digits_of_call(
        &self,
        count: DigitCount,
        challenge: &ChallengeId,
        token: &[u8; 32],
        placed_at: Timestamp,
    ) -> MatchDigits {
        self.signing_key(placed_at).digits(count, challenge, token)
    }

    /// Whether the page shows `keyed` during the call with this token digest. Like a code, the digits are
    /// made under one key and judged under all, since the function that judges has not read when the call was
    /// placed, and may learn of new keys earlier or later than the function that shows the digits. A random
    /// entry matches with a chance of 1 in 90 or 10,000, doubled while keys change.
    #[must_use]
    pub fn match_digits(&self, challenge: &ChallengeId, call_token: &[u8; 32], keyed: MatchDigits) -> bool {
        let mut found = Choice::from(0);
        for key in self.all() {
            found |= key.digits(keyed.count, challenge, call_token).number.ct_eq(&keyed.number);
        }
        found.into()
    }

    fn signing_key(&self, now: Timestamp) -> &MacKey {
        match &self.next {
            Some((key, not_before)) if *not_before <= now => key,
            _ => &self.current,
        }
    }

    fn all(&self) -> impl Iterator<Item = &MacKey> {
        let next = self.next.as_ref().map(|(key, _)| key);
        [Some(&self.current), self.previous.as_ref(), next].into_iter().flatten()
    }
}
