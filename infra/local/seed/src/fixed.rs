//! What is fixed so that a test or a sample can foresee it: the codes drawn, and what a number is.

use std::convert::Infallible;

use domain::phone::{Country, Dialled, Line, NumberingPlan, PhoneNumber, Subscriber};

/// A random source from which every number drawn below a million is this one.
pub struct Draws(pub u32);

impl rand::TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // A number below n is drawn as the upper half of word * n. This is the smallest word that gives ours.
        let word = (u64::from(self.0) << 32).div_ceil(1_000_000);
        Ok(u32::try_from(word).unwrap_or(u32::MAX))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }
}

impl rand::TryCryptoRng for Draws {}

/// A numbering plan in which every number is an American mobile number.
pub struct AllMobile;

impl NumberingPlan for AllMobile {
    fn find(&self, dialled: &Dialled, _: Option<Country>) -> Option<Subscriber> {
        PhoneNumber::parse(dialled.as_str()).ok().map(Self::subscriber)
    }
}

impl AllMobile {
    #[must_use]
    pub fn subscriber(number: PhoneNumber) -> Subscriber {
        Subscriber { number, country: Country::parse("US").ok(), line: Line::Mobile }
    }
}

#[cfg(test)]
mod tests {
    use domain::code::Code;

    use super::*;

    #[test]
    fn the_code_drawn_is_the_one_asked_for() {
        for (number, code) in [(123_456, "123456"), (0, "000000"), (999_999, "999999")] {
            assert_eq!(Code::draw(&mut Draws(number)).expose(), code);
        }
    }
}
