//! Which countries a number can belong to by its first digits: for the few numbers that a deployment sends from, in
//! functions that don't link the numbering plan or would need 8 ms of their init to load it. A test compares this table
//! with the plan.

use super::{Country, PhoneNumber};

/// Calling codes, and the countries that share each.
const CODES: &str = "1 AG AI AS BB BM BS CA DM DO GD GU JM KN KY LC MP MS PR SX TC TT US VC VG VI,20 EG,211 SS,\
    212 EH MA,213 DZ,216 TN,218 LY,220 GM,221 SN,222 MR,223 ML,224 GN,225 CI,226 BF,227 NE,228 TG,229 BJ,230 MU,\
    231 LR,232 SL,233 GH,234 NG,235 TD,236 CF,237 CM,238 CV,239 ST,240 GQ,241 GA,242 CG,243 CD,244 AO,245 GW,246 IO,\
    247 AC,248 SC,249 SD,250 RW,251 ET,252 SO,253 DJ,254 KE,255 TZ,256 UG,257 BI,258 MZ,260 ZM,261 MG,262 RE YT,\
    263 ZW,264 NA,265 MW,266 LS,267 BW,268 SZ,269 KM,27 ZA,290 SH TA,291 ER,297 AW,298 FO,299 GL,30 GR,31 NL,32 BE,\
    33 FR,34 ES,350 GI,351 PT,352 LU,353 IE,354 IS,355 AL,356 MT,357 CY,358 AX FI,359 BG,36 HU,370 LT,371 LV,372 EE,\
    373 MD,374 AM,375 BY,376 AD,377 MC,378 SM,380 UA,381 RS,382 ME,383 XK,385 HR,386 SI,387 BA,389 MK,39 IT VA,40 RO,\
    41 CH,420 CZ,421 SK,423 LI,43 AT,44 GB GG IM JE,45 DK,46 SE,47 NO SJ,48 PL,49 DE,500 FK,501 BZ,502 GT,503 SV,\
    504 HN,505 NI,506 CR,507 PA,508 PM,509 HT,51 PE,52 MX,53 CU,54 AR,55 BR,56 CL,57 CO,58 VE,590 BL GP MF,591 BO,\
    592 GY,593 EC,594 GF,595 PY,596 MQ,597 SR,598 UY,599 BQ CW,60 MY,61 AU CC CX,62 ID,63 PH,64 NZ,65 SG,66 TH,670 TL,\
    672 NF,673 BN,674 NR,675 PG,676 TO,677 SB,678 VU,679 FJ,680 PW,681 WF,682 CK,683 NU,685 WS,686 KI,687 NC,688 TV,\
    689 PF,690 TK,691 FM,692 MH,7 KZ RU,81 JP,82 KR,84 VN,850 KP,852 HK,853 MO,855 KH,856 LA,86 CN,880 BD,886 TW,90 TR,\
    91 IN,92 PK,93 AF,94 LK,95 MM,960 MV,961 LB,962 JO,963 SY,964 IQ,965 KW,966 SA,967 YE,968 OM,970 PS,971 AE,972 IL,\
    973 BH,974 QA,975 BT,976 MN,977 NP,98 IR,992 TJ,993 TM,994 AZ,995 GE,996 KG,998 UZ";

/// The area codes of +1 that belong to one country. Those in no list are of the United States.
const AREAS: &str = "AG 268,AI 264,AS 684,BB 246,BM 441,BS 242,CA 204 226 236 249 250 257 263 273 289 306 343 354 365 \
    367 368 382 403 416 418 428 431 437 438 450 468 474 506 514 519 548 579 581 584 587 600 604 613 622 633 639 647 \
    672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905 942,DM 767,DO 809 829 849,GD 473,GU 671,\
    JM 658 876,KN 869,KY 345,LC 758,MP 670,MS 664,PR 787 939,SX 721,TC 649,TT 868,VC 784,VG 284,VI 340";

/// The area codes of +1 that all its countries share.
const TOLL_FREE: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];

impl Country {
    /// Whether phones anywhere have numbers of it.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.calling_code().is_some()
    }

    /// Whether `number` is one of this country, or of a country that shares its calling code. Of those with +1, only
    /// toll-free numbers are shared.
    #[must_use]
    pub fn may_have(self, number: &PhoneNumber) -> bool {
        let digits = number.expose().trim_start_matches('+');
        let Some(national) = self.calling_code().and_then(|code| digits.strip_prefix(code)) else { return false };
        if self.calling_code() != Some("1") {
            return true;
        }
        let area = national.get(..3).unwrap_or_default();
        let owner = groups(AREAS).find(|(_, areas)| areas.clone().any(|other| other == area));
        TOLL_FREE.contains(&area) || owner.map_or("US", |(country, _)| country) == self.as_str()
    }

    fn calling_code(self) -> Option<&'static str> {
        let mut codes = groups(CODES);
        codes.find(|(_, countries)| countries.clone().any(|country| country == self.as_str())).map(|(code, _)| code)
    }
}

/// Each entry's first word, and the others.
fn groups(table: &'static str) -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str> + Clone)> {
    table.split(',').map(|entry| {
        let mut words = entry.split_ascii_whitespace();
        (words.next().unwrap_or_default(), words)
    })
}
