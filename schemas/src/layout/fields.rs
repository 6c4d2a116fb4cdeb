//! The fields of a payment, each declared once: its name in the message, its kind, and its column.
//!
//! Whatever goes through all fields is made from the table by a macro: [`Column`] here, the walk that makes cells in
//! `cells`, the way back in `parse`, the flat row of `flat`. A new field of the contract needs its line here, in the place that its cell is to
//! have; until then nothing compiles.
//!
//! A kind says how a value is written in its cell; `cells`, `parse` and `flat` have a method of that name.
//!
//! - `text`: as it is. An empty one has no cell, or in a later state an empty one.
//! - `date`: a text, `YYYY-MM-DD` or empty.
//! - `number`: in decimal.
//! - `flag`: `true` or `false`.
//! - `time`: as [`text::time`](crate::text::time) writes it.
//! - `money`: in the major unit of the payment's currency.
//! - `rail`, `status`, `party_type`: by name.

use super::Family;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Hands the table to a macro, message by message in the order of the cells:
/// `Message as method in Family { field: kind => Column "qualifier", ... }`.
///
/// Messages that share a column name it alike; the first of them has the qualifier. A party is there twice, once for
/// each side.
macro_rules! fields {
    ($use_table:ident) => {
        $use_table! {
            PaymentHeader as header in PaymentHeader {
                payment_id: text => PaymentId "payment_id",
                payment_type: rail => PaymentType "payment_type",
                version: number => Version "version",
                created_at_micros: time => CreatedAt "created_at",
                updated_at_micros: time => UpdatedAt "updated_at",
                status: status => Status "status",
            }
            Amount as amount in AmountInfo {
                minor_units: money => Value "value",
                currency: text => Currency "currency",
            }
            Party as originator in PartyInfo {
                party_id: text => OriginatorPartyId "originator:party_id",
                party_type: party_type => OriginatorPartyType "originator:party_type",
                name: text => OriginatorName "originator:name",
                country_code: text => OriginatorCountryCode "originator:country_code",
                account_number: text => OriginatorAccountNumber "originator:account_number",
                routing_number: text => OriginatorRoutingNumber "originator:routing_number",
                bank_name: text => OriginatorBankName "originator:bank_name",
                bank_bic: text => OriginatorBankBic "originator:bank_bic",
                lei: text => OriginatorLei "originator:lei",
                street_name: text => OriginatorStreetName "originator:street_name",
                post_code: text => OriginatorPostCode "originator:post_code",
                town_name: text => OriginatorTownName "originator:town_name",
                region_code: text => OriginatorRegionCode "originator:region_code",
            }
            Party as counterparty in PartyInfo {
                party_id: text => CounterpartyPartyId "counterparty:party_id",
                party_type: party_type => CounterpartyPartyType "counterparty:party_type",
                name: text => CounterpartyName "counterparty:name",
                country_code: text => CounterpartyCountryCode "counterparty:country_code",
                account_number: text => CounterpartyAccountNumber "counterparty:account_number",
                routing_number: text => CounterpartyRoutingNumber "counterparty:routing_number",
                bank_name: text => CounterpartyBankName "counterparty:bank_name",
                bank_bic: text => CounterpartyBankBic "counterparty:bank_bic",
                lei: text => CounterpartyLei "counterparty:lei",
                street_name: text => CounterpartyStreetName "counterparty:street_name",
                post_code: text => CounterpartyPostCode "counterparty:post_code",
                town_name: text => CounterpartyTownName "counterparty:town_name",
                region_code: text => CounterpartyRegionCode "counterparty:region_code",
            }
            ProcessingInfo as processing in ProcessingInfo {
                clearing_system: text => ClearingSystem "clearing_system",
                settlement_date: date => SettlementDate "settlement_date",
                attempts: number => Attempts "attempts",
                latency_millis: number => LatencyMillis "latency_millis",
                risk_score: number => RiskScore "risk_score",
                reason_code: text => ReasonCode "reason_code",
                channel: text => Channel "channel",
                processor_id: text => ProcessorId "processor_id",
                batch_id: text => BatchId "batch_id",
                settlement_cycle: text => SettlementCycle "settlement_cycle",
            }
            Ach as ach in TypeSpecific {
                sec_code: text => RailSecCode "sec_code",
                company_name: text => RailCompanyName "company_name",
                company_id: text => RailCompanyId "company_id",
                company_entry_description: text => RailCompanyEntryDescription "company_entry_description",
                trace_number: text => RailTraceNumber "trace_number",
                addenda_count: number => RailAddendaCount "addenda_count",
                effective_entry_date: date => RailEffectiveEntryDate "effective_entry_date",
                same_day: flag => RailSameDay "same_day",
                direction: text => RailDirection "direction",
                transaction_code: text => RailTransactionCode "transaction_code",
                individual_id: text => RailIndividualId "individual_id",
                addenda_info: text => RailAddendaInfo "addenda_info",
            }
            Wire as wire in TypeSpecific {
                uetr: text => RailUetr "uetr",
                instruction_id: text => RailInstructionId "instruction_id",
                end_to_end_id: text => RailEndToEndId "end_to_end_id",
                charge_bearer: text => RailChargeBearer "charge_bearer",
                settlement_method: text => RailSettlementMethod "settlement_method",
                debtor_agent_bic: text => RailDebtorAgentBic "debtor_agent_bic",
                creditor_agent_bic: text => RailCreditorAgentBic "creditor_agent_bic",
                intermediary_agent_bic: text => RailIntermediaryAgentBic "intermediary_agent_bic",
                remittance_information: text => RailRemittanceInformation "remittance_information",
                purpose_code: text => RailPurposeCode "purpose_code",
                service_level: text => RailServiceLevel "service_level",
                local_instrument: text => RailLocalInstrument "local_instrument",
            }
            Card as card in TypeSpecific {
                card_token: text => RailCardToken "card_token",
                network: text => RailNetwork "network",
                last_four: text => RailLastFour "last_four",
                mcc: text => RailMcc "mcc",
                merchant_id: text => RailMerchantId "merchant_id",
                merchant_name: text => RailMerchantName "merchant_name",
                terminal_id: text => RailTerminalId "terminal_id",
                entry_mode: text => RailEntryMode "entry_mode",
                auth_code: text => RailAuthCode "auth_code",
                three_ds_status: text => RailThreeDsStatus "three_ds_status",
                lifecycle: text => RailLifecycle "lifecycle",
                response_code: text => RailResponseCode "response_code",
                acquirer_reference: text => RailAcquirerReference "acquirer_reference",
                funding: text => RailFunding "funding",
                merchant_coordinates: text => RailMerchantCoordinates "merchant_coordinates",
                wallet: text => RailWallet "wallet",
                cardholder_verification: text => RailCardholderVerification "cardholder_verification",
            }
            Rtp as rtp in TypeSpecific {
                message_id: text => RailMessageId "message_id",
                network: text => RailNetwork,
                end_to_end_id: text => RailEndToEndId,
                acceptance_status: text => RailAcceptanceStatus "acceptance_status",
                reject_code: text => RailRejectCode "reject_code",
                purpose_code: text => RailPurposeCode,
                request_for_payment_id: text => RailRequestForPaymentId "request_for_payment_id",
                remittance_information: text => RailRemittanceInformation,
            }
            Sepa as sepa in TypeSpecific {
                scheme: text => RailScheme "scheme",
                end_to_end_id: text => RailEndToEndId,
                debtor_bic: text => RailDebtorBic "debtor_bic",
                creditor_bic: text => RailCreditorBic "creditor_bic",
                mandate_id: text => RailMandateId "mandate_id",
                mandate_signature_date: date => RailMandateSignatureDate "mandate_signature_date",
                creditor_id: text => RailCreditorId "creditor_id",
                sequence_type: text => RailSequenceType "sequence_type",
                purpose_code: text => RailPurposeCode,
                remittance_information: text => RailRemittanceInformation,
                charge_bearer: text => RailChargeBearer,
            }
            Check as check in TypeSpecific {
                check_number: text => RailCheckNumber "check_number",
                routing_number: text => RailRoutingNumber "routing_number",
                account_number: text => RailAccountNumber "account_number",
                deposit_channel: text => RailDepositChannel "deposit_channel",
                return_reason: text => RailReturnReason "return_reason",
                image_reference: text => RailImageReference "image_reference",
                payee: text => RailPayee "payee",
                memo: text => RailMemo "memo",
            }
            P2p as p2p in TypeSpecific {
                network: text => RailNetwork,
                sender_token: text => RailSenderToken "sender_token",
                recipient_token: text => RailRecipientToken "recipient_token",
                recipient_token_type: text => RailRecipientTokenType "recipient_token_type",
                memo_category: text => RailMemoCategory "memo_category",
                memo: text => RailMemo,
                funding_source: text => RailFundingSource "funding_source",
                first_time_recipient: flag => RailFirstTimeRecipient "first_time_recipient",
            }
            Metadata as metadata in Metadata {
                source_system: text => SourceSystem "source_system",
                run_id: text => RunId "run_id",
                record_index: number => RecordIndex "record_index",
                generator_version: text => GeneratorVersion "generator_version",
                correlation_id: text => CorrelationId "correlation_id",
                description: text => Description "description",
                anomaly_type: text => AnomalyType "anomaly_type",
                anomaly_group: text => AnomalyGroup "anomaly_group",
                recurrence_id: text => RecurrenceId "recurrence_id",
                anomaly_role: text => AnomalyRole "anomaly_role",
            }
        }
    };
}

pub(super) use fields;

macro_rules! columns_of_fields {
    ($($message:ident as $method:ident in $family:ident {
        $($field:ident: $kind:ident => $column:ident $($qualifier:literal)?,)*
    })*) => {
        columns! { $($($($column = $family $qualifier,)?)*)* }
    };
}

macro_rules! columns {
    ($($column:ident = $family:ident $qualifier:literal,)*) => {
        /// A column of the tables; the discriminant is its place in [`Column::ALL`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Column {
            $($column,)*
        }

        impl Column {
            pub const ALL: &[Self] = &[$(Self::$column,)*];

            pub const fn family(self) -> Family {
                match self {
                    $(Self::$column => Family::$family,)*
                }
            }

            pub const fn qualifier(self) -> &'static str {
                match self {
                    $(Self::$column => $qualifier,)*
                }
            }
        }
    };
}

fields!(columns_of_fields);

/// Family and qualifier.
type Name<'a> = (&'a [u8], &'a [u8]);

impl Column {
    /// The column of this family and qualifier; `None` where payments have no such column.
    pub fn find(family: &[u8], qualifier: &[u8]) -> Option<Self> {
        static BY_NAME: LazyLock<HashMap<Name<'_>, Column>> = LazyLock::new(|| {
            let named =
                |column: &Column| ((column.family().id().as_bytes(), column.qualifier().as_bytes()), *column);
            Column::ALL.iter().map(named).collect()
        });
        BY_NAME.get(&(family, qualifier)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_column_is_found_by_its_name() {
        for column in Column::ALL {
            let found = Column::find(column.family().id().as_bytes(), column.qualifier().as_bytes());
            assert_eq!(found, Some(*column));
        }
        assert_eq!(Column::find(b"metadata", b"payment_id"), None);
    }

    #[test]
    fn no_two_columns_share_a_family_and_a_qualifier() {
        let names: HashSet<_> =
            Column::ALL.iter().map(|column| (column.family(), column.qualifier())).collect();
        assert_eq!(names.len(), Column::ALL.len());
    }

    #[test]
    fn every_family_has_columns() {
        let families: HashSet<_> = Column::ALL.iter().map(|column| column.family()).collect();
        assert_eq!(families.len(), Family::ALL.len());
    }
}
