//! Portuguese, of Brazil where the two differ.
//!
//! Its messages avoid most accents, the word for a code among them: they would leave 70 characters of 160, and
//! no room for the warning.

use super::words::{Door, Messages, Phrases, Words};

pub(super) const WORDS: Words = Words {
    messages: MESSAGES,
    login: LOGIN,
    change: CHANGE,
    cannot_approve_change: "Esta chamada é para alterar o número de telefone da sua conta, o que nenhuma tecla \
                            aprova. Digite um código onde está fazendo a alteração. Se não a pediu, pressione zero.",
};

const MESSAGES: Messages = Messages {
    login: |brand, code| format!("Use {code} para entrar em {brand}. Nunca revele esta chave a ninguém."),
    change: |brand, code| {
        format!("Use {code} para ALTERAR seu telefone em {brand}. Nunca revele esta chave a ninguém.")
    },
    changed: |brand, ending| format!("Seu telefone em {brand} foi trocado por outro com final {ending}. "),
    see_page: "Se a troca foi feita sem seu consentimento: ",
    ask_support: "Se a troca foi feita sem seu consentimento, contate o suporte.",
};

const LOGIN: Phrases = Phrases {
    language: "pt-BR",
    prompt: "Para concluir o acesso, pressione a tecla jogo da velha. Se não estiver acessando sua conta, pressione zero.",
    wrong_key: "Essa tecla não tem função aqui.",
    enter_digits: "Para concluir o acesso, digite os dígitos que aparecem na sua tela e depois pressione a tecla \
                   jogo da velha.",
    or_zero_and_pound: "Se não estiver acessando sua conta, pressione zero e depois jogo da velha.",
    wrong_digits: "Esses não são os dígitos que aparecem na sua tela. Você pode pedir uma nova chamada. Até logo.",
    code_is: "Seu código é:",
    code_ends: "Digite-o onde está acessando sua conta e não o informe a ninguém. \
                Se não estiver acessando sua conta, pressione zero.",
    said_once: "Esta chamada não repete o código. Você pode pedir uma nova chamada. \
                Se não estiver acessando sua conta, pressione zero.",
    goodbye: "Até logo.",
    approved: "Pronto. Olhe para a tela. Até logo.",
    stopped: "Agradecemos o aviso. Interrompemos esta tentativa de acesso.",
    change_password: "Por favor, troque sua senha. Até logo.",
    not_in_time: "Agradecemos o aviso. Este acesso já havia sido concluído.",
    block_for_day: "Para bloquear todos os acessos por 24 horas, pressione zero novamente.",
    block_for_now: "Para bloquear todos os acessos por enquanto, pressione zero novamente.",
    blocked: "Agradecemos o aviso. Todos os acessos estão bloqueados por enquanto.",
    code_entered: "Um código já foi digitado para este acesso. Se não foi você, pressione zero.",
    too_late: "Já é tarde para aprovar este acesso. Se não for seu, pressione zero.",
    use_code: "Não foi possível confirmar esta chamada. Você pode pedir um código por mensagem de texto. Até logo.",
    over: "Esta chamada não é mais necessária. Até logo.",
};

const CHANGE: Phrases = Phrases {
    enter_digits: "Esta chamada é para alterar o número de telefone da sua conta. Se concordar, digite os dígitos \
                   que aparecem na sua tela e depois pressione a tecla jogo da velha.",
    or_zero_and_pound: "Se não pediu a alteração, pressione zero e depois jogo da velha.",
    code_is: "Seu código para alterar o número de telefone é:",
    code_ends: "Digite-o onde está alterando seu número de telefone e não o informe a ninguém. \
                Se não pediu a alteração, pressione zero.",
    said_once: "Esta chamada não repete o código. Você pode pedir uma nova chamada. \
                Se não estiver alterando seu número de telefone, pressione zero.",
    stopped: "Agradecemos o aviso. Interrompemos a alteração do seu número de telefone.",
    not_in_time: "Agradecemos o aviso. A alteração do seu número de telefone já estava confirmada.",
    code_entered: "Um código já foi digitado para alterar seu número de telefone. Se não foi você, pressione zero.",
    too_late: "Já é tarde para aprovar esta alteração do seu número de telefone. Se não a pediu, pressione zero.",
    ..LOGIN
};

pub(super) const DOOR: Door = Door {
    going_back: "Voltando…",
    go_on: "Continuar",
    ended: "Não é possível continuar este acesso",
    start_again: "Volte ao aplicativo ou site em que queria entrar e comece de novo.",
    reference: "Referência",
};
