//! People, companies, shops and banks, with their accounts: each a pure function of a key and a country.

use schemas::payment::{Party, PartyType};

use crate::identifiers::{has_iban, put_aba, put_clabe, put_iban, put_lei};
use crate::random::{Stream, hash};
use crate::text::Put;
use crate::words::{BANKS, bank_form, put_firm, put_person};

/// Routing symbol of every American bank here. Numbers begin with 00 to 12, 21 to 32, 61 to 72 or 80 (ABA Key to
/// Routing Numbers); 50 has never been given out, so none of these can be a bank's.
pub const ABA_PREFIX: u64 = 5_000;

const ACCOUNT: u64 = 0xacc0;
const LEI: u64 = 0x1e1;

/// A company's business, as far as its name shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    Industry,
    Landlord,
    Utility,
    Insurer,
    Telecom,
    Lender,
    /// Clubs, gyms, schools of music.
    Membership,
    /// Dentists, doctors, child care.
    Care,
    /// Plumbers, roofers, painters.
    Crafts,
    Staffing,
    Wholesale,
    /// Consulting, software, law.
    Services,
}

/// The letters of a country's code as a number, for keys.
pub fn country_bits(country: &str) -> u64 {
    country.bytes().fold(0, |bits, letter| bits << 8 | u64::from(letter))
}

/// A party, apart from its id.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Decides name, bank and account.
    pub key: u64,
    pub country: &'static str,
    pub kind: PartyType,
    pub trade: Trade,
    /// Where the party is at home: names stay the same abroad.
    home: &'static str,
    bank: u8,
}

/// How a country's accounts divide over its banks, in percent: the first three have half of them (our assumption, of the
/// size of the United States' and Germany's concentration ratios).
const BANK_SHARES: [(u32, u8); BANKS.len()] =
    [(23, 0), (16, 1), (12, 2), (10, 3), (9, 4), (8, 5), (7, 6), (6, 7), (5, 8), (4, 9)];

impl Identity {
    pub fn new(key: u64, country: &'static str, kind: PartyType, trade: Trade) -> Self {
        let bank = Stream::new(key, ACCOUNT).weighted(&BANK_SHARES);
        Self { key, country, kind, trade, home: country, bank }
    }

    /// One of a country's banks itself.
    pub fn of_bank(key: u64, country: &'static str, bank: u64) -> Self {
        let (kind, trade) = (PartyType::FinancialInstitution, Trade::Lender);
        let bank = bank % BANKS.len() as u64;
        Self {
            key: hash(hash(key, country_bits(country)), bank),
            country,
            kind,
            trade,
            home: country,
            bank: bank as u8,
        }
    }

    /// The same party with its account at its second bank, as companies have one.
    pub fn at_second_bank(self) -> Self {
        Self { bank: (self.bank + 1 + (hash(self.key, ACCOUNT + 2) % 9) as u8) % BANKS.len() as u8, ..self }
    }

    /// An account under the party's name at a bank with which it has none.
    pub fn at_false_account(self) -> Self {
        let second = self.at_second_bank().bank;
        let banks = (1..BANKS.len() as u8).map(|more| (self.bank + more) % BANKS.len() as u8);
        let bank = banks.into_iter().find(|bank| *bank != second).unwrap_or(self.bank);
        Self { bank, ..self }
    }

    /// The same party with an account in another country.
    pub fn in_country(self, country: &'static str) -> Self {
        Self { country, ..self }
    }

    /// Which of the banks of its country keeps the party's account.
    pub const fn bank(&self) -> u64 {
        self.bank as u64
    }

    /// The party's account number at its bank, below 10^15, never 0.
    pub const fn account(&self) -> u64 {
        hash(self.key, ACCOUNT + 16 + self.bank as u64) % 999_999_999_999_998 + 1
    }

    /// Replaces `out` by the name.
    pub fn put_name(&self, out: &mut String) {
        match self.kind {
            PartyType::Individual => put_person(self.home, self.key, out),
            PartyType::FinancialInstitution => {
                let bank = &BANKS[self.bank() as usize];
                out.join(&[bank.name, " ", bank_form(self.country)]);
            }
            _ => put_firm(self.home, self.trade, self.key, out),
        }
    }

    /// Writes everything but the id.
    pub fn put(&self, party: &mut Party) {
        party.party_type = self.kind as i32;
        self.put_name(&mut party.name);
        party.country_code.put(self.country);
        self.put_account(party);
        party.lei.clear();
        if self.has_lei() {
            put_lei(hash(self.key, LEI), &mut party.lei);
        }
    }

    /// Banks have one, and of companies those that deal in securities or derivatives (our assumption: a fifth).
    fn has_lei(&self) -> bool {
        match self.kind {
            PartyType::FinancialInstitution => true,
            PartyType::Business => hash(self.key, LEI + 1).is_multiple_of(5),
            _ => false,
        }
    }

    fn put_account(&self, party: &mut Party) {
        let bank = self.bank();
        party.routing_number.clear();
        if has_iban(self.country) {
            let code = BANKS[bank as usize].code;
            put_iban(self.country, bank, code, self.account(), &mut party.account_number);
        } else if self.country == "MX" {
            put_clabe(bank, self.account(), &mut party.account_number);
        } else {
            party.account_number.clear();
            party.account_number.number(self.account() % 10_000_000_000, 10);
            if self.country == "US" {
                put_aba(ABA_PREFIX, bank_number(bank), &mut party.routing_number);
            }
        }
        let name = &BANKS[bank as usize];
        party.bank_name.join(&[name.name, " ", bank_form(self.country)]);
        put_bic(self.country, bank, &mut party.bank_bic);
    }
}

/// The bank's digits of an American routing number.
pub const fn bank_number(bank: u64) -> u64 {
    1_010 + bank * 101
}

/// Replaces `out` by a bank's BIC (ISO 9362), whose eighth character is 0: a test BIC, which cannot be connected to the
/// live network.
pub fn put_bic(country: &str, bank: u64, out: &mut String) {
    let location = [b'2' + (bank % 8) as u8, b'0'];
    let location = std::str::from_utf8(&location).expect("digits are ASCII");
    out.join(&[BANKS[bank as usize % BANKS.len()].code, country, location]);
}
