//! Chinese, in simplified characters, spoken as Mandarin.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "此次来电与更换您账号的电话号码有关，无法通过按键确认。请在更换号码的页面输入验证码。如果不是您本人操作，请按零。",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("【{brand}】验证码：{code}，请勿泄露。"),
    change: |brand, code| format!("【{brand}】更换手机号验证码：{code}"),
    changed: |brand, ending| format!("【{brand}】您的手机号已更换为尾号{ending}的号码。"),
    see_page: "如非本人操作，请访问：",
    ask_support: "如非本人操作，请联系客服。",
};

const LOGIN: Phrases = Phrases {
    language: "zh-CN",
    prompt: "如需完成登录，请按井号键。如果不是您本人在登录，请按零。",
    wrong_key: "该按键无效。",
    enter_digits: "如需完成登录，请输入屏幕上显示的数字，然后按井号键。",
    or_zero_and_pound: "如果不是您本人在登录，请先按零，再按井号键。",
    wrong_digits: "您输入的数字与屏幕上显示的不一致。您可以重新请求来电。再见。",
    code_is: "您的验证码是：",
    code_ends: "请在登录页面输入，不要告诉任何人。如果不是您本人在登录，请按零。",
    said_once: "本次来电不会重复播报验证码。您可以重新请求来电。如果不是您本人在登录，请按零。",
    goodbye: "再见。",
    approved: "好了。请看您的屏幕。再见。",
    stopped: "谢谢。我们已阻止此次登录。",
    change_password: "请修改您的密码。再见。",
    not_in_time: "谢谢您告知我们。但此次登录在此之前已经完成。",
    block_for_day: "如需将所有登录暂停24小时，请再按一次零。",
    block_for_now: "如需暂停所有登录，请再按一次零。",
    blocked: "谢谢。所有登录目前已暂停。",
    code_entered: "已有人输入了此次登录的验证码。如果不是您本人操作，请按零。",
    too_late: "此次登录的确认时间已过。如果不是您本人操作，请按零。",
    use_code: "我们无法确认此次来电的接听情况。您可以改用短信验证码。再见。",
    over: "此次来电已不再需要。再见。",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "此次来电用于更换您账号的电话号码。如果同意，请输入屏幕上显示的数字，然后按井号键。",
    or_zero_and_pound: "如果不是您本人操作，请先按零，再按井号键。",
    code_is: "您用于更换电话号码的验证码是：",
    code_ends: "请在更换电话号码的页面输入，不要告诉任何人。如果不是您本人操作，请按零。",
    said_once: "本次来电不会重复播报验证码。您可以重新请求来电。如果不是您本人在更换电话号码，请按零。",
    stopped: "谢谢。我们已阻止更换您的电话号码。",
    not_in_time: "谢谢您告知我们。但更换电话号码在此之前已经确认。",
    code_entered: "已有人输入了更换电话号码的验证码。如果不是您本人操作，请按零。",
    too_late: "此次更换电话号码的确认时间已过。如果不是您本人操作，请按零。",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "正在返回…",
    go_on: "继续",
    ended: "此次登录无法继续",
    start_again: "请返回您要登录的应用或网站，然后重新开始。",
    reference: "参考编号",
};
