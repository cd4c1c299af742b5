//! Chinese, in traditional characters and as Taiwan says it, spoken as Mandarin.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "這通電話與更換您帳號的電話號碼有關，無法以按鍵確認。請在更換號碼的頁面輸入驗證碼。若不是您本人操作，請按零。",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("【{brand}】驗證碼：{code}，請勿外洩。"),
    change: |brand, code| format!("【{brand}】更換手機號碼驗證碼：{code}"),
    changed: |brand, ending| format!("【{brand}】您的手機號碼已更換為末碼{ending}的號碼。"),
    see_page: "若非本人操作，請前往：",
    ask_support: "若非本人操作，請聯絡客服。",
};

const LOGIN: Phrases = Phrases {
    language: "zh-TW",
    prompt: "若要完成登入，請按井字鍵。若不是您本人在登入，請按零。",
    wrong_key: "這個按鍵無效。",
    enter_digits: "若要完成登入，請輸入螢幕上顯示的數字，再按井字鍵。",
    or_zero_and_pound: "若不是您本人在登入，請先按零，再按井字鍵。",
    wrong_digits: "您輸入的數字與螢幕上顯示的不符。您可以再要求一次來電。再見。",
    code_is: "您的驗證碼是：",
    code_ends: "請在登入頁面輸入，不要告訴任何人。若不是您本人在登入，請按零。",
    said_once: "這通電話不會再播報驗證碼。您可以再要求一次來電。若不是您本人在登入，請按零。",
    goodbye: "再見。",
    approved: "好了，請看您的螢幕。再見。",
    stopped: "謝謝您，我們已阻止這次登入。",
    change_password: "請變更您的密碼。再見。",
    not_in_time: "謝謝您告訴我們。不過這次登入在此之前已經完成。",
    block_for_day: "若要將所有登入暫停24小時，請再按一次零。",
    block_for_now: "若要暫停所有登入，請再按一次零。",
    blocked: "謝謝您，所有登入目前已暫停。",
    code_entered: "已有人輸入這次登入的驗證碼。若不是您本人操作，請按零。",
    too_late: "這次登入的確認時間已過。若不是您本人操作，請按零。",
    use_code: "我們無法確認這通電話的接聽情形。您可以改用簡訊驗證碼。再見。",
    over: "這通電話已經不需要了。再見。",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "這通電話是為了更換您帳號的電話號碼。若您同意，請輸入螢幕上顯示的數字，再按井字鍵。",
    or_zero_and_pound: "若不是您本人操作，請先按零，再按井字鍵。",
    code_is: "您用來更換電話號碼的驗證碼是：",
    code_ends: "請在更換電話號碼的頁面輸入，不要告訴任何人。若不是您本人操作，請按零。",
    said_once: "這通電話不會再播報驗證碼。您可以再要求一次來電。若不是您本人在更換電話號碼，請按零。",
    stopped: "謝謝您，我們已阻止更換您的電話號碼。",
    not_in_time: "謝謝您告訴我們。不過更換電話號碼在此之前已經確認。",
    code_entered: "已有人輸入更換電話號碼的驗證碼。若不是您本人操作，請按零。",
    too_late: "這次更換電話號碼的確認時間已過。若不是您本人操作，請按零。",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "正在返回…",
    go_on: "繼續",
    ended: "這次登入無法繼續",
    start_again: "請返回您要登入的應用程式或網站，然後重新開始。",
    reference: "參考編號",
};
