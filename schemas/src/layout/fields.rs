//! Every column that a payment can have: its family and its qualifier.

use super::Family;
use std::collections::HashMap;
use std::sync::LazyLock;

macro_rules! columns {
    ($($column:ident = $family:ident $qualifier:literal,)*) => {
        /// A column of the tables; the discriminant is its place in [`Column::ALL`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

columns! {
    PaymentId = PaymentHeader "payment_id",
    PaymentType = PaymentHeader "payment_type",
    Version = PaymentHeader "version",
    CreatedAt = PaymentHeader "created_at",
    UpdatedAt = PaymentHeader "updated_at",
    Status = PaymentHeader "status",
    Value = AmountInfo "value",
    Currency = AmountInfo "currency",
    OriginatorPartyId = PartyInfo "originator:party_id",
    OriginatorPartyType = PartyInfo "originator:party_type",
    OriginatorName = PartyInfo "originator:name",
    OriginatorCountryCode = PartyInfo "originator:country_code",
    OriginatorAccountNumber = PartyInfo "originator:account_number",
    OriginatorRoutingNumber = PartyInfo "originator:routing_number",
    OriginatorBankName = PartyInfo "originator:bank_name",
    OriginatorBankBic = PartyInfo "originator:bank_bic",
    OriginatorLei = PartyInfo "originator:lei",
    CounterpartyPartyId = PartyInfo "counterparty:party_id",
    CounterpartyPartyType = PartyInfo "counterparty:party_type",
    CounterpartyName = PartyInfo "counterparty:name",
    CounterpartyCountryCode = PartyInfo "counterparty:country_code",
    CounterpartyAccountNumber = PartyInfo "counterparty:account_number",
    CounterpartyRoutingNumber = PartyInfo "counterparty:routing_number",
    CounterpartyBankName = PartyInfo "counterparty:bank_name",
    CounterpartyBankBic = PartyInfo "counterparty:bank_bic",
    CounterpartyLei = PartyInfo "counterparty:lei",
    ClearingSystem = ProcessingInfo "clearing_system",
    SettlementDate = ProcessingInfo "settlement_date",
    Attempts = ProcessingInfo "attempts",
    LatencyMillis = ProcessingInfo "latency_millis",
    RiskScore = ProcessingInfo "risk_score",
    ReasonCode = ProcessingInfo "reason_code",
    Channel = ProcessingInfo "channel",
    ProcessorId = ProcessingInfo "processor_id",
    BatchId = ProcessingInfo "batch_id",
    RailSecCode = TypeSpecific "sec_code",
    RailCompanyName = TypeSpecific "company_name",
    RailCompanyId = TypeSpecific "company_id",
    RailCompanyEntryDescription = TypeSpecific "company_entry_description",
    RailTraceNumber = TypeSpecific "trace_number",
    RailAddendaCount = TypeSpecific "addenda_count",
    RailEffectiveEntryDate = TypeSpecific "effective_entry_date",
    RailSameDay = TypeSpecific "same_day",
    RailDirection = TypeSpecific "direction",
    RailTransactionCode = TypeSpecific "transaction_code",
    RailIndividualId = TypeSpecific "individual_id",
    RailAddendaInfo = TypeSpecific "addenda_info",
    RailUetr = TypeSpecific "uetr",
    RailInstructionId = TypeSpecific "instruction_id",
    RailEndToEndId = TypeSpecific "end_to_end_id",
    RailChargeBearer = TypeSpecific "charge_bearer",
    RailSettlementMethod = TypeSpecific "settlement_method",
    RailDebtorAgentBic = TypeSpecific "debtor_agent_bic",
    RailCreditorAgentBic = TypeSpecific "creditor_agent_bic",
    RailIntermediaryAgentBic = TypeSpecific "intermediary_agent_bic",
    RailRemittanceInformation = TypeSpecific "remittance_information",
    RailPurposeCode = TypeSpecific "purpose_code",
    RailServiceLevel = TypeSpecific "service_level",
    RailLocalInstrument = TypeSpecific "local_instrument",
    RailCardToken = TypeSpecific "card_token",
    RailNetwork = TypeSpecific "network",
    RailLastFour = TypeSpecific "last_four",
    RailMcc = TypeSpecific "mcc",
    RailMerchantId = TypeSpecific "merchant_id",
    RailMerchantName = TypeSpecific "merchant_name",
    RailTerminalId = TypeSpecific "terminal_id",
    RailEntryMode = TypeSpecific "entry_mode",
    RailAuthCode = TypeSpecific "auth_code",
    RailThreeDsStatus = TypeSpecific "three_ds_status",
    RailLifecycle = TypeSpecific "lifecycle",
    RailResponseCode = TypeSpecific "response_code",
    RailAcquirerReference = TypeSpecific "acquirer_reference",
    RailFunding = TypeSpecific "funding",
    RailMessageId = TypeSpecific "message_id",
    RailAcceptanceStatus = TypeSpecific "acceptance_status",
    RailRejectCode = TypeSpecific "reject_code",
    RailRequestForPaymentId = TypeSpecific "request_for_payment_id",
    RailScheme = TypeSpecific "scheme",
    RailDebtorBic = TypeSpecific "debtor_bic",
    RailCreditorBic = TypeSpecific "creditor_bic",
    RailMandateId = TypeSpecific "mandate_id",
    RailMandateSignatureDate = TypeSpecific "mandate_signature_date",
    RailCreditorId = TypeSpecific "creditor_id",
    RailSequenceType = TypeSpecific "sequence_type",
    RailCheckNumber = TypeSpecific "check_number",
    RailRoutingNumber = TypeSpecific "routing_number",
    RailAccountNumber = TypeSpecific "account_number",
    RailDepositChannel = TypeSpecific "deposit_channel",
    RailReturnReason = TypeSpecific "return_reason",
    RailImageReference = TypeSpecific "image_reference",
    RailPayee = TypeSpecific "payee",
    RailMemo = TypeSpecific "memo",
    RailSenderToken = TypeSpecific "sender_token",
    RailRecipientToken = TypeSpecific "recipient_token",
    RailRecipientTokenType = TypeSpecific "recipient_token_type",
    RailMemoCategory = TypeSpecific "memo_category",
    RailFundingSource = TypeSpecific "funding_source",
    RailFirstTimeRecipient = TypeSpecific "first_time_recipient",
    SourceSystem = Metadata "source_system",
    RunId = Metadata "run_id",
    RecordIndex = Metadata "record_index",
    GeneratorVersion = Metadata "generator_version",
    CorrelationId = Metadata "correlation_id",
    Description = Metadata "description",
    AnomalyType = Metadata "anomaly_type",
    AnomalyGroup = Metadata "anomaly_group",
    RecurrenceId = Metadata "recurrence_id",
}

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
