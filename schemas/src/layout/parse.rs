//! A payment from its row's cells: the inverse of [`cells`](super::cells).

use super::names::{party_type_named, status_named, type_named};
use super::{Column, Family};
use crate::payment::{self, PaymentType, TypeSpecific};
use crate::{Payment, text};

/// Why cells are not those of a payment. The text names the column, never its value: values may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("cell {} is missing", name(*.0))]
    Missing(Column),
    #[error("cell {} is not {expected}", name(*.column))]
    Malformed { column: Column, expected: &'static str },
    #[error("cell {} does not belong to a payment of this type", name(*.0))]
    Unexpected(Column),
}

fn name(column: Column) -> String {
    format!("{}:{}", column.family().id(), column.qualifier())
}

type Result<T> = std::result::Result<T, Unreadable>;

/// The payment whose cells these are.
///
/// A family without any cell, as after its retention, gives a payment without that part. In a family that has cells, none
/// may be missing that every payment has, and none may be there that the payment's type does not have.
pub fn payment_of<'a>(cells: impl IntoIterator<Item = (Column, &'a [u8])>) -> Result<Payment> {
    let mut row = Row { values: [None; Column::ALL.len()] };
    for (column, value) in cells {
        row.values[column as usize] = Some(value);
    }
    let payment_header = row.header()?;
    let rail = payment_header.as_ref().map_or(PaymentType::Unspecified, payment::PaymentHeader::payment_type);
    let payment = Payment {
        payment_header,
        amount: row.amount()?,
        parties: row.parties()?,
        processing_info: row.processing()?,
        metadata: row.metadata()?,
        type_specific: row.type_specific(rail)?,
    };
    match Column::ALL.iter().find(|column| row.values[**column as usize].is_some()) {
        Some(&column) => Err(Unreadable::Unexpected(column)),
        None => Ok(payment),
    }
}

/// The cells not yet taken, by column.
struct Row<'a> {
    values: [Option<&'a [u8]>; Column::ALL.len()],
}

impl<'a> Row<'a> {
    fn has(&self, family: Family) -> bool {
        Column::ALL.iter().any(|column| column.family() == family && self.values[*column as usize].is_some())
    }

    fn str(&mut self, column: Column) -> Result<Option<&'a str>> {
        let value = self.values[column as usize].take();
        let malformed = |_| Unreadable::Malformed { column, expected: "UTF-8 text" };
        value.map(|value| std::str::from_utf8(value).map_err(malformed)).transpose()
    }

    /// Empty where there is no cell, as an empty field has none.
    fn text(&mut self, column: Column) -> Result<String> {
        Ok(self.str(column)?.unwrap_or_default().to_owned())
    }

    fn parsed<T>(
        &mut self,
        column: Column,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T> {
        let value = self.str(column)?.ok_or(Unreadable::Missing(column))?;
        parse(value).ok_or(Unreadable::Malformed { column, expected })
    }

    fn number<T: std::str::FromStr>(&mut self, column: Column) -> Result<T> {
        let digits = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
        self.parsed(column, "a number in range", |value| value.parse().ok().filter(|_| digits(value)))
    }

    fn flag(&mut self, column: Column) -> Result<bool> {
        self.parsed(column, "true or false", |value| value.parse().ok())
    }

    fn time(&mut self, column: Column) -> Result<i64> {
        self.parsed(column, "a time like 2024-03-14T09:26:53.589793Z", |value| {
            text::parse_time(value.as_bytes())
        })
    }

    fn header(&mut self) -> Result<Option<payment::PaymentHeader>> {
        if !self.has(Family::PaymentHeader) {
            return Ok(None);
        }
        Ok(Some(payment::PaymentHeader {
            payment_id: self.text(Column::PaymentId)?,
            payment_type: self.parsed(Column::PaymentType, "a payment type", type_named)? as i32,
            version: self.number(Column::Version)?,
            created_at_micros: self.time(Column::CreatedAt)?,
            updated_at_micros: self.time(Column::UpdatedAt)?,
            status: self.parsed(Column::Status, "a payment status", status_named)? as i32,
        }))
    }

    fn amount(&mut self) -> Result<Option<payment::Amount>> {
        if !self.has(Family::AmountInfo) {
            return Ok(None);
        }
        let currency = self.text(Column::Currency)?;
        let minor_units = self.parsed(Column::Value, "an amount with its currency's decimals", |value| {
            text::parse_amount(value.as_bytes(), &currency)
        })?;
        Ok(Some(payment::Amount { minor_units, currency }))
    }

    fn parties(&mut self) -> Result<Option<payment::Parties>> {
        if !self.has(Family::PartyInfo) {
            return Ok(None);
        }
        let (originator, counterparty) =
            (self.party(&super::cells::ORIGINATOR)?, self.party(&super::cells::COUNTERPARTY)?);
        Ok(Some(payment::Parties { originator, counterparty }))
    }

    fn party(&mut self, columns: &[Column; 9]) -> Result<Option<payment::Party>> {
        if columns.iter().all(|column| self.values[*column as usize].is_none()) {
            return Ok(None);
        }
        Ok(Some(payment::Party {
            party_id: self.text(columns[0])?,
            party_type: self.parsed(columns[1], "a party type", party_type_named)? as i32,
            name: self.text(columns[2])?,
            country_code: self.text(columns[3])?,
            account_number: self.text(columns[4])?,
            routing_number: self.text(columns[5])?,
            bank_name: self.text(columns[6])?,
            bank_bic: self.text(columns[7])?,
            lei: self.text(columns[8])?,
        }))
    }

    fn processing(&mut self) -> Result<Option<payment::ProcessingInfo>> {
        if !self.has(Family::ProcessingInfo) {
            return Ok(None);
        }
        Ok(Some(payment::ProcessingInfo {
            clearing_system: self.text(Column::ClearingSystem)?,
            settlement_date: self.text(Column::SettlementDate)?,
            attempts: self.number(Column::Attempts)?,
            latency_millis: self.number(Column::LatencyMillis)?,
            risk_score: self.number(Column::RiskScore)?,
            reason_code: self.text(Column::ReasonCode)?,
            channel: self.text(Column::Channel)?,
            processor_id: self.text(Column::ProcessorId)?,
            batch_id: self.text(Column::BatchId)?,
        }))
    }

    fn metadata(&mut self) -> Result<Option<payment::Metadata>> {
        if !self.has(Family::Metadata) {
            return Ok(None);
        }
        Ok(Some(payment::Metadata {
            source_system: self.text(Column::SourceSystem)?,
            run_id: self.text(Column::RunId)?,
            record_index: self.number(Column::RecordIndex)?,
            generator_version: self.text(Column::GeneratorVersion)?,
            correlation_id: self.text(Column::CorrelationId)?,
            description: self.text(Column::Description)?,
            anomaly_type: self.text(Column::AnomalyType)?,
            anomaly_group: self.text(Column::AnomalyGroup)?,
            recurrence_id: self.text(Column::RecurrenceId)?,
        }))
    }

    fn type_specific(&mut self, rail: PaymentType) -> Result<Option<TypeSpecific>> {
        if !self.has(Family::TypeSpecific) {
            return Ok(None);
        }
        Ok(match rail {
            PaymentType::Ach => Some(TypeSpecific::Ach(self.ach()?)),
            PaymentType::Wire => Some(TypeSpecific::Wire(self.wire()?)),
            PaymentType::Card => Some(TypeSpecific::Card(self.card()?)),
            PaymentType::Rtp => Some(TypeSpecific::Rtp(self.rtp()?)),
            PaymentType::Sepa => Some(TypeSpecific::Sepa(self.sepa()?)),
            PaymentType::Check => Some(TypeSpecific::Check(self.check()?)),
            PaymentType::P2p => Some(TypeSpecific::P2p(self.p2p()?)),
            PaymentType::Unspecified => None,
        })
    }

    fn ach(&mut self) -> Result<payment::Ach> {
        Ok(payment::Ach {
            sec_code: self.text(Column::RailSecCode)?,
            company_name: self.text(Column::RailCompanyName)?,
            company_id: self.text(Column::RailCompanyId)?,
            company_entry_description: self.text(Column::RailCompanyEntryDescription)?,
            trace_number: self.text(Column::RailTraceNumber)?,
            addenda_count: self.number(Column::RailAddendaCount)?,
            effective_entry_date: self.text(Column::RailEffectiveEntryDate)?,
            same_day: self.flag(Column::RailSameDay)?,
            direction: self.text(Column::RailDirection)?,
            transaction_code: self.text(Column::RailTransactionCode)?,
            individual_id: self.text(Column::RailIndividualId)?,
            addenda_info: self.text(Column::RailAddendaInfo)?,
        })
    }

    fn wire(&mut self) -> Result<payment::Wire> {
        Ok(payment::Wire {
            uetr: self.text(Column::RailUetr)?,
            instruction_id: self.text(Column::RailInstructionId)?,
            end_to_end_id: self.text(Column::RailEndToEndId)?,
            charge_bearer: self.text(Column::RailChargeBearer)?,
            settlement_method: self.text(Column::RailSettlementMethod)?,
            debtor_agent_bic: self.text(Column::RailDebtorAgentBic)?,
            creditor_agent_bic: self.text(Column::RailCreditorAgentBic)?,
            intermediary_agent_bic: self.text(Column::RailIntermediaryAgentBic)?,
            remittance_information: self.text(Column::RailRemittanceInformation)?,
            purpose_code: self.text(Column::RailPurposeCode)?,
            service_level: self.text(Column::RailServiceLevel)?,
            local_instrument: self.text(Column::RailLocalInstrument)?,
        })
    }

    fn card(&mut self) -> Result<payment::Card> {
        Ok(payment::Card {
            card_token: self.text(Column::RailCardToken)?,
            network: self.text(Column::RailNetwork)?,
            last_four: self.text(Column::RailLastFour)?,
            mcc: self.text(Column::RailMcc)?,
            merchant_id: self.text(Column::RailMerchantId)?,
            merchant_name: self.text(Column::RailMerchantName)?,
            terminal_id: self.text(Column::RailTerminalId)?,
            entry_mode: self.text(Column::RailEntryMode)?,
            auth_code: self.text(Column::RailAuthCode)?,
            three_ds_status: self.text(Column::RailThreeDsStatus)?,
            lifecycle: self.text(Column::RailLifecycle)?,
            response_code: self.text(Column::RailResponseCode)?,
            acquirer_reference: self.text(Column::RailAcquirerReference)?,
            funding: self.text(Column::RailFunding)?,
        })
    }

    fn rtp(&mut self) -> Result<payment::Rtp> {
        Ok(payment::Rtp {
            message_id: self.text(Column::RailMessageId)?,
            network: self.text(Column::RailNetwork)?,
            end_to_end_id: self.text(Column::RailEndToEndId)?,
            acceptance_status: self.text(Column::RailAcceptanceStatus)?,
            reject_code: self.text(Column::RailRejectCode)?,
            purpose_code: self.text(Column::RailPurposeCode)?,
            request_for_payment_id: self.text(Column::RailRequestForPaymentId)?,
            remittance_information: self.text(Column::RailRemittanceInformation)?,
        })
    }

    fn sepa(&mut self) -> Result<payment::Sepa> {
        Ok(payment::Sepa {
            scheme: self.text(Column::RailScheme)?,
            end_to_end_id: self.text(Column::RailEndToEndId)?,
            debtor_bic: self.text(Column::RailDebtorBic)?,
            creditor_bic: self.text(Column::RailCreditorBic)?,
            mandate_id: self.text(Column::RailMandateId)?,
            mandate_signature_date: self.text(Column::RailMandateSignatureDate)?,
            creditor_id: self.text(Column::RailCreditorId)?,
            sequence_type: self.text(Column::RailSequenceType)?,
            purpose_code: self.text(Column::RailPurposeCode)?,
            remittance_information: self.text(Column::RailRemittanceInformation)?,
            charge_bearer: self.text(Column::RailChargeBearer)?,
        })
    }

    fn check(&mut self) -> Result<payment::Check> {
        Ok(payment::Check {
            check_number: self.text(Column::RailCheckNumber)?,
            routing_number: self.text(Column::RailRoutingNumber)?,
            account_number: self.text(Column::RailAccountNumber)?,
            deposit_channel: self.text(Column::RailDepositChannel)?,
            return_reason: self.text(Column::RailReturnReason)?,
            image_reference: self.text(Column::RailImageReference)?,
            payee: self.text(Column::RailPayee)?,
            memo: self.text(Column::RailMemo)?,
        })
    }

    fn p2p(&mut self) -> Result<payment::P2p> {
        Ok(payment::P2p {
            network: self.text(Column::RailNetwork)?,
            sender_token: self.text(Column::RailSenderToken)?,
            recipient_token: self.text(Column::RailRecipientToken)?,
            recipient_token_type: self.text(Column::RailRecipientTokenType)?,
            memo_category: self.text(Column::RailMemoCategory)?,
            memo: self.text(Column::RailMemo)?,
            funding_source: self.text(Column::RailFundingSource)?,
            first_time_recipient: self.flag(Column::RailFirstTimeRecipient)?,
        })
    }
}
