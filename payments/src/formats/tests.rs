//! Files of payments that are written out by hand, and what the generator's give.

use super::source::Source;
use super::{nacha, pacs008, plain_json};
use generator::{Config, Generator};
use schemas::Payment;
use schemas::payment::{
    Ach, Amount, Metadata, Parties, Party, PartyType, PaymentHeader, PaymentStatus, PaymentType,
    ProcessingInfo, Sepa, TypeSpecific, Wire,
};

/// 2024-03-14T09:26:53.589793Z.
const NOON: i64 = 1_710_408_413_589_793;

fn payment(minor_units: i64, currency: &str, receiver: Party, rail: TypeSpecific) -> Payment {
    let payment_type = match rail {
        TypeSpecific::Ach(_) => PaymentType::Ach,
        TypeSpecific::Wire(_) => PaymentType::Wire,
        _ => PaymentType::Sepa,
    };
    let originator = Party {
        name: "Smith & Sons <Ltd>".into(),
        party_type: PartyType::Business.into(),
        country_code: "DE".into(),
        account_number: "DE02100100100006820101".into(),
        bank_bic: "ZZKBDE20".into(),
        lei: "ZZZZ00A1B2C3D4E5F677".into(),
        street_name: "Hauptstr. 5".into(),
        post_code: "10115".into(),
        town_name: "Berlin".into(),
        region_code: String::new(),
        ..Party::default()
    };
    Payment {
        payment_header: Some(PaymentHeader {
            payment_id: "018f2b3c-0000-4000-8000-00000000000a".into(),
            payment_type: payment_type.into(),
            version: 1,
            created_at_micros: NOON,
            updated_at_micros: NOON,
            status: PaymentStatus::Returned.into(),
        }),
        amount: Some(Amount { minor_units, currency: currency.into(), ..Amount::default() }),
        parties: Some(Parties { originator: Some(originator), counterparty: Some(receiver) }),
        processing_info: Some(ProcessingInfo {
            clearing_system: "STEP2".into(),
            settlement_date: "2024-03-15".into(),
            ..ProcessingInfo::default()
        }),
        metadata: Some(Metadata::default()),
        type_specific: Some(rail),
    }
}

fn person() -> Party {
    Party {
        name: "Ada Example".into(),
        party_type: PartyType::Individual.into(),
        country_code: "US".into(),
        account_number: "1234567890".into(),
        routing_number: "021000021".into(),
        bank_bic: "ZZFIUS20".into(),
        ..Party::default()
    }
}

type Writer = fn(&Source<'_>, &mut Vec<u8>, &mut Vec<u8>) -> anyhow::Result<()>;
const PACS008: Writer = |source, out, notes| pacs008::write(source, out, notes);
const NACHA: Writer = |source, out, notes| nacha::write(source, out, notes);

/// The file of these payments, and what was said of those that are not in it.
fn written(write: Writer, payments: &[Payment]) -> anyhow::Result<(String, String)> {
    let get = |number: u64| payments[number as usize].clone();
    let source = Source { count: payments.len() as u64, get: &get, name: "some".into() };
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    write(&source, &mut out, &mut notes)?;
    Ok((String::from_utf8(out)?, String::from_utf8(notes)?))
}

fn wire() -> Wire {
    Wire {
        uetr: "6f1c2d3e-0000-4000-9000-00000000000b".into(),
        instruction_id: "INS1".into(),
        end_to_end_id: "E2E1".into(),
        charge_bearer: "SHAR".into(),
        settlement_method: "CLRG".into(),
        debtor_agent_bic: "ZZKBDE20".into(),
        creditor_agent_bic: "ZZFIUS20".into(),
        intermediary_agent_bic: "ZZPOUS20".into(),
        remittance_information: "INV 1 & 2".into(),
        purpose_code: "SUPP".into(),
        service_level: "URGP".into(),
        local_instrument: "CTRC".into(),
    }
}

#[test]
fn a_wire_has_its_elements_in_the_order_of_the_schema() {
    let (text, notes) =
        written(PACS008, &[payment(123_450, "USD", person(), TypeSpecific::Wire(wire()))]).unwrap();
    assert_eq!(notes, "");
    let squeezed: String = text.lines().map(str::trim).collect();
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
        <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08\"><FIToFICstmrCdtTrf>\
        <GrpHdr><MsgId>some</MsgId><CreDtTm>2024-03-14T09:26:53.589+00:00</CreDtTm><NbOfTxs>1</NbOfTxs>\
        <CtrlSum>1234.50</CtrlSum><SttlmInf><SttlmMtd>CLRG</SttlmMtd><ClrSys><Prtry>STEP2</Prtry></ClrSys></SttlmInf>\
        </GrpHdr><CdtTrfTxInf><PmtId><InstrId>INS1</InstrId><EndToEndId>E2E1</EndToEndId>\
        <UETR>6f1c2d3e-0000-4000-9000-00000000000b</UETR></PmtId>\
        <PmtTpInf><SvcLvl><Cd>URGP</Cd></SvcLvl><LclInstrm><Prtry>CTRC</Prtry></LclInstrm></PmtTpInf>\
        <IntrBkSttlmAmt Ccy=\"USD\">1234.50</IntrBkSttlmAmt><IntrBkSttlmDt>2024-03-15</IntrBkSttlmDt>\
        <ChrgBr>SHAR</ChrgBr><InstgAgt><FinInstnId><BICFI>ZZKBDE20</BICFI></FinInstnId></InstgAgt>\
        <InstdAgt><FinInstnId><BICFI>ZZPOUS20</BICFI></FinInstnId></InstdAgt>\
        <IntrmyAgt1><FinInstnId><BICFI>ZZPOUS20</BICFI></FinInstnId></IntrmyAgt1>\
        <Dbtr><Nm>Smith &amp; Sons &lt;Ltd&gt;</Nm><PstlAdr><StrtNm>Hauptstr. 5</StrtNm><PstCd>10115</PstCd>\
        <TwnNm>Berlin</TwnNm><Ctry>DE</Ctry></PstlAdr><Id><OrgId><LEI>ZZZZ00A1B2C3D4E5F677</LEI></OrgId></Id></Dbtr>\
        <DbtrAcct><Id><IBAN>DE02100100100006820101</IBAN></Id></DbtrAcct>\
        <DbtrAgt><FinInstnId><BICFI>ZZKBDE20</BICFI></FinInstnId></DbtrAgt>\
        <CdtrAgt><FinInstnId><BICFI>ZZFIUS20</BICFI><ClrSysMmbId><ClrSysId><Cd>USABA</Cd></ClrSysId>\
        <MmbId>021000021</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>\
        <Cdtr><Nm>Ada Example</Nm><CtryOfRes>US</CtryOfRes></Cdtr>\
        <CdtrAcct><Id><Othr><Id>1234567890</Id></Othr></Id></CdtrAcct><Purp><Cd>SUPP</Cd></Purp>\
        <RmtInf><Ustrd>INV 1 &amp; 2</Ustrd></RmtInf></CdtTrfTxInf></FIToFICstmrCdtTrf></Document>";
    assert_eq!(squeezed, expected);
}

#[test]
fn sums_are_of_the_transfers_in_the_document_and_the_rest_is_told() {
    let sepa = |minor_units, scheme: &str| {
        let sepa = Sepa { scheme: scheme.into(), end_to_end_id: "E".into(), ..Sepa::default() };
        payment(minor_units, "EUR", person(), TypeSpecific::Sepa(sepa))
    };
    let transfers = [sepa(10_001, "SCT"), sepa(5, "SCT_INST"), sepa(999, "SDD_CORE"), sepa(1, "SDD_B2B")];
    let (text, notes) = written(PACS008, &transfers).unwrap();
    assert!(text.contains("<NbOfTxs>2</NbOfTxs>") && text.contains("<CtrlSum>100.06</CtrlSum>"), "{text}");
    // All in one currency on one day: told once, and not again.
    assert!(text.contains("<TtlIntrBkSttlmAmt Ccy=\"EUR\">100.06</TtlIntrBkSttlmAmt>"), "{text}");
    assert_eq!(text.matches("<IntrBkSttlmDt>").count(), 1, "{text}");
    assert_eq!(text.matches("<Cd>INST</Cd>").count(), 1, "{text}");
    assert_eq!(text.matches("<AccptncDtTm>").count(), 1, "{text}");
    assert!(text.contains("<TxId>018f2b3c00004000800000000000000a</TxId>"), "{text}");
    assert_eq!(notes, "left out     2 payments of SEPA direct debits, whose message is pacs.003\n");

    // A yen has no decimals, and correspondents settle otherwise than a clearing system.
    let correspondents = Wire { settlement_method: "INDA".into(), ..wire() };
    let wires = [
        payment(123, "JPY", person(), TypeSpecific::Wire(wire())),
        payment(150, "USD", person(), TypeSpecific::Wire(wire())),
        payment(1_001, "KWD", person(), TypeSpecific::Wire(correspondents)),
    ];
    let (text, notes) = written(PACS008, &wires).unwrap();
    assert!(text.contains("<CtrlSum>125.501</CtrlSum>") && !text.contains("<TtlIntrBkSttlmAmt"), "{text}");
    assert!(text.contains("<IntrBkSttlmAmt Ccy=\"JPY\">123</IntrBkSttlmAmt>"), "{text}");
    assert!(notes.contains("one settlement method, CLRG here; 1 have INDA"), "{notes}");

    let error = written(PACS008, &transfers[2..]).unwrap_err().to_string();
    assert!(error.contains("WIRE") && error.contains("pacs.003"), "{error}");
}

fn entry(cents: i64, trace: &str, code: &str, ach: Ach) -> Payment {
    let ach = Ach {
        company_name: "ACME".into(),
        company_id: "9123456789".into(),
        trace_number: trace.into(),
        effective_entry_date: "2024-03-15".into(),
        transaction_code: code.into(),
        individual_id: "ID1".into(),
        ..ach
    };
    payment(cents, "USD", person(), TypeSpecific::Ach(ach))
}

#[test]
fn a_nacha_file_is_as_written_by_hand() {
    let of = |sec_code: &str, description: &str, addenda_count, addenda_info: &str| Ach {
        sec_code: sec_code.into(),
        company_entry_description: description.into(),
        addenda_count,
        addenda_info: addenda_info.into(),
        ..Ach::default()
    };
    let payments = [
        entry(250_000, "500010100000007", "22", of("CTX", "INVOICE", 2, "INV 1")),
        entry(1_999, "500011110000009", "27", of("WEB", "BILL PAYMT", 0, "")),
        entry(100, "500010100000003", "32", of("CTX", "INVOICE", 1, "INV 2")),
        entry(100, "500010100000004", "22", of("IAT", "INTL PMT", 7, "INV 3")),
    ];
    let (text, notes) = written(NACHA, &payments).unwrap();
    assert_eq!(notes, "left out     1 payment of IAT without the addresses that its addenda must have\n");
    let nines = "9".repeat(94);
    let addenda = |info: &str, rest: &str| format!("705{info:<80}{rest}");
    let mut expected = vec![
        format!("101 500099993 5000999062403140926A094101{:<23}{:<31}", "ACH OPERATOR", "PAYMENTS GENERATOR"),
        format!("5220{:<36}9123456789CTXINVOICE{:9}240315   1500010100000001", "ACME", ""),
        format!(
            "6320210000211234567890{:7}0000000100{:<15}0001{:<20}1500010100000003",
            "", "ID1", "Ada Example"
        ),
        addenda("INV 2", "00010000003"),
        format!(
            "6220210000211234567890{:7}0000250000{:<15}0002{:<20}1500010100000007",
            "", "ID1", "Ada Example"
        ),
        addenda("INV 1", "00010000007"),
        addenda("INV 1 2/2", "00020000007"),
        format!("822000000500042000040000000000000000002501009123456789{:25}500010100000001", ""),
        format!("5225{:<36}9123456789WEBBILL PAYMT{:6}240315   1500011110000002", "ACME", ""),
        format!(
            "6270210000211234567890{:7}0000001999{:<15}{:<22}S 0500011110000009",
            "", "ID1", "Ada Example"
        ),
        format!("822500000100021000020000000019990000000000009123456789{:25}500011110000002", ""),
        format!("9000002000002000000060006300006000000001999000000250100{:39}", ""),
    ];
    expected.resize(20, nines);
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn an_entry_across_borders_has_its_own_header_and_addenda() {
    let ach = Ach { sec_code: "IAT".into(), company_entry_description: "INTL PMT".into(), ..Ach::default() };
    let ach = Ach { addenda_count: 8, addenda_info: "INV 3".into(), ..ach };
    let mut payment = entry(100, "500010100000004", "22", ach);
    let parties = payment.parties.as_mut().unwrap();
    parties.originator = Some(Party {
        name: "Acme Trading LLC".into(),
        party_type: PartyType::Business.into(),
        country_code: "US".into(),
        bank_name: "First Bank".into(),
        street_name: "1 Main St".into(),
        post_code: "10001".into(),
        town_name: "New York".into(),
        region_code: "NY".into(),
        ..Party::default()
    });
    parties.counterparty = Some(Party {
        name: "Ana Exemplo".into(),
        country_code: "PT".into(),
        account_number: "PT50999000010000000000199".into(),
        bank_name: "Banco Um".into(),
        bank_bic: "ZZBUPT20".into(),
        street_name: "Rua Nova 2".into(),
        post_code: "1000-001".into(),
        town_name: "Lisboa".into(),
        ..Party::default()
    });
    let (text, notes) = written(NACHA, &[payment]).unwrap();
    assert_eq!(notes, "");
    let addenda = |kind: &str, fields: String| format!("7{kind}{fields:<84}0000004");
    let expected = [
        format!("5220{:16}FF3{:15}PT9123456789IATINTL PMT  USDUSD240315   1500010100000001", "", ""),
        format!("6225000998090008{:13}0000000100{:<35}    1500010100000004", "", "PT50999000010000000000199"),
        addenda("10", format!("BUS000000000000000100{:22}Ana Exemplo", "")),
        addenda("11", format!("{:<35}1 Main St", "Acme Trading LLC")),
        addenda("12", format!("{:<35}US*10001\\", "New York*NY\\")),
        addenda("13", format!("{:<35}01{:<34}US", "First Bank", "500010105")),
        addenda("14", format!("{:<35}02{:<34}PT", "Banco Um", "ZZBUPT20")),
        addenda("15", format!("{:<15}Rua Nova 2", "ID1")),
        addenda("16", format!("{:<35}PT*1000-001\\", "Lisboa*\\")),
        addenda("17", format!("{:<80}0001", "INV 3")),
    ];
    assert_eq!(text.lines().skip(1).take(10).collect::<Vec<_>>(), expected);
    // Entry and eight addenda; the gateway's eight digits.
    assert!(text.lines().nth(11).unwrap().starts_with("82200000090050009980"), "{text}");
}

#[test]
fn a_plain_object_has_no_empty_fields_and_words_for_everything() {
    let rail = TypeSpecific::Sepa(Sepa { scheme: "SCT".into(), ..Sepa::default() });
    let mut out = Vec::new();
    plain_json::write(&payment(5, "EUR", person(), rail), &mut out).unwrap();
    let object: serde_json::Value = serde_json::from_slice(&out).unwrap();
    for (name, value) in [
        ("payment_type", "SEPA"),
        ("status", "RETURNED"),
        ("created_at", "2024-03-14T09:26:53.589793Z"),
        ("amount_value", "0.05"),
        ("originator_party_type", "BUSINESS"),
        ("sepa_scheme", "SCT"),
        ("settlement_date", "2024-03-15"),
    ] {
        assert_eq!(object[name], value, "{name}");
    }
    let fields = object.as_object().unwrap();
    assert!(fields.values().all(|value| *value != "") && !fields.contains_key("sepa_mandate_id"), "{object}");
    assert!(fields.keys().all(|name| !name.starts_with("ach_") && *name == name.to_lowercase()), "{object}");
}

#[test]
fn every_generated_payment_is_in_one_of_the_files_or_counted() {
    let generator = Generator::new(Config { num_records: 3_000, ..Config::default() }).unwrap();
    let payments: Vec<_> = (0..3_000).map(|index| generator.payment(index)).collect();
    let of_rail = |rail: PaymentType| {
        payments
            .iter()
            .filter(|payment| payment.payment_header.as_ref().unwrap().payment_type() == rail)
            .count()
    };
    let left_out = |notes: &str| -> usize {
        let counts = notes.lines().filter_map(|line| line.strip_prefix("left out     "));
        counts.map(|line| line.split(' ').next().unwrap().replace(',', "").parse::<usize>().unwrap()).sum()
    };
    let (text, notes) = written(NACHA, &payments).unwrap();
    let entries = text.lines().filter(|line| line.starts_with('6')).count();
    assert!(entries > of_rail(PaymentType::Ach) / 2, "{entries}");
    assert_eq!(entries + left_out(&notes), payments.len());
    let (text, notes) = written(PACS008, &payments).unwrap();
    let transfers = text.matches("<CdtTrfTxInf>").count();
    assert!(transfers > of_rail(PaymentType::Wire), "{transfers}");
    assert_eq!(transfers + left_out(&notes), payments.len());
}
