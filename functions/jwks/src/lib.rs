//! `GET /.well-known/jwks.json` and `/.well-known/openid-configuration`: what verifiers of the result
//! token need. Built once at init from the public halves of the current and the previous key.
