//! A payment's cells, in the order of [`Column`].

use super::Column;
use super::names::{party_type_name, status_name, type_name};
use crate::payment::{self, TypeSpecific};
use crate::{Payment, text};

/// Calls `cell` with the column and the value of each cell of the payment's row.
///
/// Values are UTF-8 text: numbers in decimal, times as [`text::time`], amounts in the major unit. Empty text fields have no
/// cell. The order of the calls is the same for equal payments.
pub fn cells(payment: &Payment, cell: impl FnMut(Column, &[u8])) {
    let mut row = Row { cell, scratch: Vec::with_capacity(32) };
    row.header(payment);
    row.amount(payment);
    row.parties(payment);
    row.processing(payment);
    row.type_specific(payment);
    row.metadata(payment);
}

struct Row<F> {
    cell: F,
    scratch: Vec<u8>,
}

impl<F: FnMut(Column, &[u8])> Row<F> {
    fn text(&mut self, column: Column, value: &str) {
        if !value.is_empty() {
            (self.cell)(column, value.as_bytes());
        }
    }

    fn number(&mut self, column: Column, value: u64) {
        self.scratch.clear();
        text::push_number(&mut self.scratch, value);
        (self.cell)(column, &self.scratch);
    }

    fn flag(&mut self, column: Column, value: bool) {
        (self.cell)(column, if value { b"true" } else { b"false" });
    }

    fn time(&mut self, column: Column, micros: i64) {
        (self.cell)(column, &text::time(micros));
    }

    fn header(&mut self, payment: &Payment) {
        let Some(header) = &payment.payment_header else { return };
        self.text(Column::PaymentId, &header.payment_id);
        self.text(Column::PaymentType, type_name(header.payment_type()));
        self.number(Column::Version, header.version.into());
        self.time(Column::CreatedAt, header.created_at_micros);
        self.time(Column::UpdatedAt, header.updated_at_micros);
        self.text(Column::Status, status_name(header.status()));
    }

    fn amount(&mut self, payment: &Payment) {
        let Some(amount) = &payment.amount else { return };
        self.scratch.clear();
        text::push_amount(&mut self.scratch, amount.minor_units, &amount.currency);
        (self.cell)(Column::Value, &self.scratch);
        self.text(Column::Currency, &amount.currency);
    }

    fn parties(&mut self, payment: &Payment) {
        let Some(parties) = &payment.parties else { return };
        if let Some(party) = &parties.originator {
            self.party(&ORIGINATOR, party);
        }
        if let Some(party) = &parties.counterparty {
            self.party(&COUNTERPARTY, party);
        }
    }

    fn party(&mut self, columns: &[Column; 9], party: &payment::Party) {
        let values = [
            party.party_id.as_str(),
            party_type_name(party.party_type()),
            &party.name,
            &party.country_code,
            &party.account_number,
            &party.routing_number,
            &party.bank_name,
            &party.bank_bic,
            &party.lei,
        ];
        for (column, value) in columns.iter().zip(values) {
            self.text(*column, value);
        }
    }

    fn processing(&mut self, payment: &Payment) {
        let Some(info) = &payment.processing_info else { return };
        self.text(Column::ClearingSystem, &info.clearing_system);
        self.text(Column::SettlementDate, &info.settlement_date);
        self.number(Column::Attempts, info.attempts.into());
        self.number(Column::LatencyMillis, info.latency_millis.into());
        self.number(Column::RiskScore, info.risk_score.into());
        self.text(Column::ReasonCode, &info.reason_code);
        self.text(Column::Channel, &info.channel);
        self.text(Column::ProcessorId, &info.processor_id);
        self.text(Column::BatchId, &info.batch_id);
    }

    fn type_specific(&mut self, payment: &Payment) {
        match &payment.type_specific {
            Some(TypeSpecific::Ach(ach)) => self.ach(ach),
            Some(TypeSpecific::Wire(wire)) => self.wire(wire),
            Some(TypeSpecific::Card(card)) => self.card(card),
            Some(TypeSpecific::Rtp(rtp)) => self.rtp(rtp),
            Some(TypeSpecific::Sepa(sepa)) => self.sepa(sepa),
            Some(TypeSpecific::Check(check)) => self.check(check),
            Some(TypeSpecific::P2p(p2p)) => self.p2p(p2p),
            None => {}
        }
    }

    fn ach(&mut self, ach: &payment::Ach) {
        self.text(Column::RailSecCode, &ach.sec_code);
        self.text(Column::RailCompanyName, &ach.company_name);
        self.text(Column::RailCompanyId, &ach.company_id);
        self.text(Column::RailCompanyEntryDescription, &ach.company_entry_description);
        self.text(Column::RailTraceNumber, &ach.trace_number);
        self.number(Column::RailAddendaCount, ach.addenda_count.into());
        self.text(Column::RailEffectiveEntryDate, &ach.effective_entry_date);
        self.flag(Column::RailSameDay, ach.same_day);
        self.text(Column::RailDirection, &ach.direction);
        self.text(Column::RailTransactionCode, &ach.transaction_code);
        self.text(Column::RailIndividualId, &ach.individual_id);
        self.text(Column::RailAddendaInfo, &ach.addenda_info);
    }

    fn wire(&mut self, wire: &payment::Wire) {
        self.text(Column::RailUetr, &wire.uetr);
        self.text(Column::RailInstructionId, &wire.instruction_id);
        self.text(Column::RailEndToEndId, &wire.end_to_end_id);
        self.text(Column::RailChargeBearer, &wire.charge_bearer);
        self.text(Column::RailSettlementMethod, &wire.settlement_method);
        self.text(Column::RailDebtorAgentBic, &wire.debtor_agent_bic);
        self.text(Column::RailCreditorAgentBic, &wire.creditor_agent_bic);
        self.text(Column::RailIntermediaryAgentBic, &wire.intermediary_agent_bic);
        self.text(Column::RailRemittanceInformation, &wire.remittance_information);
        self.text(Column::RailPurposeCode, &wire.purpose_code);
        self.text(Column::RailServiceLevel, &wire.service_level);
        self.text(Column::RailLocalInstrument, &wire.local_instrument);
    }

    fn card(&mut self, card: &payment::Card) {
        self.text(Column::RailCardToken, &card.card_token);
        self.text(Column::RailNetwork, &card.network);
        self.text(Column::RailLastFour, &card.last_four);
        self.text(Column::RailMcc, &card.mcc);
        self.text(Column::RailMerchantId, &card.merchant_id);
        self.text(Column::RailMerchantName, &card.merchant_name);
        self.text(Column::RailTerminalId, &card.terminal_id);
        self.text(Column::RailEntryMode, &card.entry_mode);
        self.text(Column::RailAuthCode, &card.auth_code);
        self.text(Column::RailThreeDsStatus, &card.three_ds_status);
        self.text(Column::RailLifecycle, &card.lifecycle);
        self.text(Column::RailResponseCode, &card.response_code);
        self.text(Column::RailAcquirerReference, &card.acquirer_reference);
        self.text(Column::RailFunding, &card.funding);
    }

    fn rtp(&mut self, rtp: &payment::Rtp) {
        self.text(Column::RailMessageId, &rtp.message_id);
        self.text(Column::RailNetwork, &rtp.network);
        self.text(Column::RailEndToEndId, &rtp.end_to_end_id);
        self.text(Column::RailAcceptanceStatus, &rtp.acceptance_status);
        self.text(Column::RailRejectCode, &rtp.reject_code);
        self.text(Column::RailPurposeCode, &rtp.purpose_code);
        self.text(Column::RailRequestForPaymentId, &rtp.request_for_payment_id);
        self.text(Column::RailRemittanceInformation, &rtp.remittance_information);
    }

    fn sepa(&mut self, sepa: &payment::Sepa) {
        self.text(Column::RailScheme, &sepa.scheme);
        self.text(Column::RailEndToEndId, &sepa.end_to_end_id);
        self.text(Column::RailDebtorBic, &sepa.debtor_bic);
        self.text(Column::RailCreditorBic, &sepa.creditor_bic);
        self.text(Column::RailMandateId, &sepa.mandate_id);
        self.text(Column::RailMandateSignatureDate, &sepa.mandate_signature_date);
        self.text(Column::RailCreditorId, &sepa.creditor_id);
        self.text(Column::RailSequenceType, &sepa.sequence_type);
        self.text(Column::RailPurposeCode, &sepa.purpose_code);
        self.text(Column::RailRemittanceInformation, &sepa.remittance_information);
        self.text(Column::RailChargeBearer, &sepa.charge_bearer);
    }

    fn check(&mut self, check: &payment::Check) {
        self.text(Column::RailCheckNumber, &check.check_number);
        self.text(Column::RailRoutingNumber, &check.routing_number);
        self.text(Column::RailAccountNumber, &check.account_number);
        self.text(Column::RailDepositChannel, &check.deposit_channel);
        self.text(Column::RailReturnReason, &check.return_reason);
        self.text(Column::RailImageReference, &check.image_reference);
        self.text(Column::RailPayee, &check.payee);
        self.text(Column::RailMemo, &check.memo);
    }

    fn p2p(&mut self, p2p: &payment::P2p) {
        self.text(Column::RailNetwork, &p2p.network);
        self.text(Column::RailSenderToken, &p2p.sender_token);
        self.text(Column::RailRecipientToken, &p2p.recipient_token);
        self.text(Column::RailRecipientTokenType, &p2p.recipient_token_type);
        self.text(Column::RailMemoCategory, &p2p.memo_category);
        self.text(Column::RailMemo, &p2p.memo);
        self.text(Column::RailFundingSource, &p2p.funding_source);
        self.flag(Column::RailFirstTimeRecipient, p2p.first_time_recipient);
    }

    fn metadata(&mut self, payment: &Payment) {
        let Some(metadata) = &payment.metadata else { return };
        self.text(Column::SourceSystem, &metadata.source_system);
        self.text(Column::RunId, &metadata.run_id);
        self.number(Column::RecordIndex, metadata.record_index);
        self.text(Column::GeneratorVersion, &metadata.generator_version);
        self.text(Column::CorrelationId, &metadata.correlation_id);
        self.text(Column::Description, &metadata.description);
        self.text(Column::AnomalyType, &metadata.anomaly_type);
        self.text(Column::AnomalyGroup, &metadata.anomaly_group);
        self.text(Column::RecurrenceId, &metadata.recurrence_id);
    }
}

pub(super) const ORIGINATOR: [Column; 9] = [
    Column::OriginatorPartyId,
    Column::OriginatorPartyType,
    Column::OriginatorName,
    Column::OriginatorCountryCode,
    Column::OriginatorAccountNumber,
    Column::OriginatorRoutingNumber,
    Column::OriginatorBankName,
    Column::OriginatorBankBic,
    Column::OriginatorLei,
];

pub(super) const COUNTERPARTY: [Column; 9] = [
    Column::CounterpartyPartyId,
    Column::CounterpartyPartyType,
    Column::CounterpartyName,
    Column::CounterpartyCountryCode,
    Column::CounterpartyAccountNumber,
    Column::CounterpartyRoutingNumber,
    Column::CounterpartyBankName,
    Column::CounterpartyBankBic,
    Column::CounterpartyLei,
];
