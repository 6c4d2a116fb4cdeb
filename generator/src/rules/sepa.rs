//! The EPC's rulebooks: how long payments can come back.

/// Banking days from settlement within which the creditor's bank sends a transfer back (SCT rulebook, D+3; confirmed by
/// no source that we read).
pub const TRANSFER_RETURN: u32 = 3;

/// Banking days from settlement within which the debtor's bank sends a debit back (SDD Core rulebook; banks' guides:
/// Ulster Bank, Lemonway).
pub const DEBIT_RETURN: u32 = 5;

/// The same between companies (SDD B2B rulebook; paymentbrief.com).
pub const BUSINESS_DEBIT_RETURN: u32 = 3;

/// Days within which a consumer has a debit refunded without giving a reason (SDD Core rulebook: eight weeks). Companies
/// have no such right.
pub const REFUND_DAYS: i32 = 56;

/// Days from a mandate's signature to the first debit at least (our assumption; the creditor announces a debit fourteen
/// days before unless less is agreed).
pub const NOTICE_DAYS: i32 = 6;

/// Minutes from midnight, Central European time, until which transfers settle the same day (our assumption; STEP2's last
/// cycles are in the afternoon).
pub const CUT_OFF: i64 = 14 * 60;
