//! A certificate over a key, which Entra wants beside each published key. In the cloud `openssl` makes it
//! (`infra/tools/certificate`); here the key is drawn at each start. X.509 (RFC 5280) needs so little of DER that it is
//! written here.

use anyhow::Result;

use crate::keys::SigningKey;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;

const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// `sha256WithRSAEncryption`, with its empty parameters.
const ALGORITHM: [u8; 13] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];

/// Self-signed, in DER.
pub(crate) fn of(key: &SigningKey) -> Result<Vec<u8>> {
    let algorithm = element(SEQUENCE, &[&ALGORITHM]);
    let name = [element(OBJECT_ID, &[&COMMON_NAME]), element(UTF8_STRING, &[b"local"])].concat();
    let name = element(SEQUENCE, &[&element(SET, &[&element(SEQUENCE, &[&name])])]);
    let validity =
        element(SEQUENCE, &[&element(UTC_TIME, &[b"260101000000Z"]), &element(UTC_TIME, &[b"490101000000Z"])]);
    let serial = element(INTEGER, &[&[1]]);
    let to_be_signed =
        element(SEQUENCE, &[&serial, &algorithm, &name, &validity, &name, &key.subject_public_key_info()?]);
    let signature = element(BIT_STRING, &[&[0], &key.sign(&to_be_signed)?]);
    Ok(element(SEQUENCE, &[&to_be_signed, &algorithm, &signature]))
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length = match content.len() {
        0..0x80 => vec![length[7]],
        0x80..0x100 => vec![0x81, length[7]],
        _ => vec![0x82, length[6], length[7]],
    };
    [vec![tag], length, content].concat()
}
