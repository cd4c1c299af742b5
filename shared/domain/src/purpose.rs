//! What a challenge is for.

use crate::words::words;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    #[default]
    Login,
    /// To change the enrolled number.
    Change,
}

words!(Purpose {
    Login => "login",
    Change => "change",
});
