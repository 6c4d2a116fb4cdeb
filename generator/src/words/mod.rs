//! The words that payments carry: names of people, firms, shops and banks, and what payers write, in the language of the
//! country. ASCII, as the character sets of Nacha files and SEPA messages want; all of it invented or generic.

mod banks;
mod firms;
mod language;
mod memo_tables;
mod memos;
mod pattern;
mod people;
mod shop_tables;
mod shops;
mod table;

pub use banks::{BANKS, bank_form};
pub use firms::put_firm;
pub use language::Language;
pub use memos::{
    check_memo, friends_text, invoice_words, p2p_memo, rent_share_memo, rent_word, salary_word, services_memo,
};
pub use people::put_person;
pub use shops::put_shop;
