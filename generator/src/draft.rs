//! One payment in the making: everything about it that is decided before its rail's own fields are written.

use schemas::payment::PartyType;

use crate::amounts::{Amounts, cap, exchange, settle_on, to_minor};
use crate::anomalies::{Injected, Kind};
use crate::counterparties::{Counterparty, currency_of, draw_key};
use crate::customers::{Customer, country};
use crate::dates::Zone;
use crate::days::Days;
use crate::flows::{FlowSpec, currency_at, home_currency};
use crate::geography;
use crate::intensity::{Place, Segment};
use crate::life::{Outcome, View};
use crate::mix::Rail;
use crate::parties::{Identity, Trade};
use crate::random::{Stream, hash};
use crate::shops::{self, Item, Menu, Shop};
use crate::world::World;

const CHOICES: u64 = 0xc401;
const AMOUNT: u64 = 0xa304;
const OUTCOME: u64 = 0x07c0;

/// A standing arrangement that a payment belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Arrangement {
    pub key: u64,
    /// When the money is due.
    pub due_day: i32,
}

/// A payment's coordinates: which, where, and how far into its life one looks.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub index: u64,
    pub place: Place,
    pub segment: &'a Segment,
    pub days: &'a Days,
    /// The day from which numbers that rise with time are counted.
    pub first_day: i32,
    pub view: View,
    pub injected: Option<Injected>,
}

/// A payment before it is written.
#[derive(Debug)]
pub struct Draft<'a> {
    pub world: &'a World,
    pub index: u64,
    pub place: Place,
    pub days: &'a Days,
    pub first_day: i32,
    pub view: View,
    /// When the state changes next, as far as the view lets it; known once written.
    pub next_change_micros: Option<i64>,
    pub spec: &'a FlowSpec,
    /// Where the account stands that the customer uses here.
    pub zone: Zone,
    pub customer: Customer,
    pub originator: Identity,
    pub counterparty: Counterparty,
    /// Where a card pays.
    pub shop: Option<Shop>,
    /// What is bought there.
    item: Option<&'a Item>,
    pub arrangement: Option<Arrangement>,
    pub minor_units: i64,
    pub currency: &'static str,
    pub outcome: Outcome,
    pub injected: Option<Injected>,
    /// Number of the payment's papers; a duplicate has its original's.
    pub document: u64,
    /// Random choices of this payment that have no stream of their own.
    pub choice: Stream,
}

impl<'a> Draft<'a> {
    pub fn new(world: &'a World, given: Given<'a>) -> Self {
        let Given { index, place, segment, days, first_day, view, injected } = given;
        let spec = &world.flows[segment.flow];
        let zone = segment.zone;
        let mut choice = Stream::new(world.key ^ CHOICES, index);
        let arrangement = place.arrangement.map(|(class, number)| {
            let class_key = hash(world.key ^ place.segment as u64, u64::from(class.class));
            Arrangement { key: hash(class_key, number), due_day: class.due_day }
        });
        let bits = arrangement.map_or_else(|| choice.bits(), |arrangement| hash(arrangement.key, 1));
        let customer = world.population.member(segment.cohort, bits);
        let originator = account_in(zone, customer);
        let mut draft = Self {
            world,
            index,
            place,
            days,
            first_day,
            view,
            next_change_micros: None,
            spec,
            zone,
            customer,
            originator,
            counterparty: Counterparty { identity: originator, is_usual: false, is_foreign: false },
            shop: None,
            item: None,
            arrangement,
            minor_units: 0,
            currency: home_currency(zone),
            outcome: Outcome::Completed,
            injected,
            document: index,
            choice,
        };
        draft.choose_counterparty(segment.flow as u64);
        draft.choose_amount();
        let u = Stream::new(world.key ^ OUTCOME, index).unit();
        draft.outcome = Outcome::at(u, &spec.flow);
        if let Some(injected) = injected {
            draft.inject(injected, segment.cohort, segment.flow as u64);
        }
        draft
    }

    pub fn rail(&self) -> Rail {
        self.spec.rail
    }

    /// UTC microseconds of the payment's creation.
    pub fn created(&self) -> i64 {
        self.place.micros
    }

    /// ISO 18245 category of the shop; 0 where there is none.
    pub fn mcc(&self) -> u16 {
        self.shop.map_or(0, |shop| shop.category.mcc)
    }

    /// Whether the payment is made from afar, without a terminal.
    pub fn is_remote(&self) -> bool {
        self.shop.is_some_and(|shop| shop.city.is_none())
    }

    fn choose_counterparty(&mut self, flow: u64) {
        let (spec, customer) = (self.spec, self.customer.identity.key);
        let home = self.originator.country;
        if let Some(menu) = &spec.menu {
            self.choose_shop(menu, (spec.flow.habit, spec.flow.foreign));
        } else {
            let (key, is_usual) = match self.arrangement {
                Some(arrangement) => (hash(arrangement.key, 3), true),
                None => draw_key(customer, flow, spec.flow.habit, &mut self.choice),
            };
            let counterparty =
                self.elsewhere(Counterparty::of_key(key, spec, self.zone, home, spec.flow.foreign));
            self.counterparty = Counterparty { is_usual, ..counterparty };
        }
        let pays_abroad_in_theirs = match spec.rail {
            Rail::Card => true,
            // Most cross-border wires are in the sender's or the world's currency.
            Rail::Wire => hash(self.counterparty.identity.key, 0xcc) % 100 < 45,
            _ => false,
        };
        if self.counterparty.is_foreign && pays_abroad_in_theirs {
            self.currency = currency_of(self.counterparty.identity.country);
        }
    }

    /// What is bought, and where: somewhere usual for the part `habit`, abroad for the part `foreign` of what is ordered.
    fn choose_shop(&mut self, menu: &'a Menu, (habit, foreign): (f64, f64)) {
        if let Some(arrangement) = self.arrangement {
            let category = menu.draw(None, hash(arrangement.key, 2)).category;
            let shop = shops::web_shop(self.originator.country, category, foreign, hash(arrangement.key, 3));
            return self.pay_at(Shop { is_usual: true, ..shop });
        }
        let mut choice = self.choice.clone();
        let item = menu.draw(Some(self.place.hour), choice.bits());
        self.item = Some(item);
        self.go_shopping(item, (habit, foreign), &mut choice);
        self.choice = choice;
    }

    fn go_shopping(&mut self, item: &Item, (habit, foreign): (f64, f64), choice: &mut Stream) {
        let (customer, country) = (self.customer.identity.key, self.originator.country);
        let shop = if item.category.is_remote(&self.spec.name) {
            shops::online(customer, country, item.category, (habit, foreign), choice)
        } else {
            let home = geography::home(country, self.zone, customer);
            shops::in_town(customer, home, item.category, habit, choice)
        };
        self.pay_at(shop);
    }

    fn pay_at(&mut self, shop: Shop) {
        let (key, country) = (shop.key, shop.country);
        self.counterparty = Counterparty {
            identity: Identity { key, country, kind: PartyType::Merchant, trade: Trade::Any },
            is_usual: shop.is_usual,
            is_foreign: country != self.originator.country,
        };
        self.shop = Some(shop);
    }

    /// The counterparty, with its account at another bank than the originator's: no clearing system sees payments
    /// inside a bank.
    fn elsewhere(&self, mut counterparty: Counterparty) -> Counterparty {
        let (ours, theirs) = (self.originator, &mut counterparty.identity);
        while ours.country == theirs.country && ours.bank() == theirs.bank() {
            theirs.key = hash(theirs.key, 1);
        }
        counterparty
    }

    /// The amounts of what is bought, or else the flow's.
    fn amounts(&self) -> Option<&'a Amounts> {
        match self.item {
            Some(item) => item.amounts[currency_at(self.zone)].as_ref(),
            None => self.spec.amounts(self.zone),
        }
    }

    fn choose_amount(&mut self) {
        let Some(amounts) = self.amounts() else { return };
        let (flow, home) = (&self.spec.flow, home_currency(self.zone));
        let mut own = Stream::new(self.world.key ^ AMOUNT, self.index);
        let mut fixed = self.arrangement.map_or_else(|| own.clone(), |of| Stream::new(of.key, AMOUNT));
        let mut major = amounts.draw(fixed.bits()) * exchange(home, self.currency);
        let varies = self.arrangement.is_none() || flow.variation > 0.0;
        if self.arrangement.is_some() && varies {
            major *= 1.0 + flow.variation * (2.0 * own.unit() - 1.0);
        }
        let habits = if varies { &mut own } else { &mut fixed };
        habits.bits();
        let minor = settle_on(to_minor(major, self.currency), self.currency, flow, habits);
        self.minor_units = minor.min(cap(self.rail(), &self.spec.name, self.place.day, self.currency));
    }

    /// Makes the payment a member of an injected pattern.
    fn inject(&mut self, injected: Injected, cohort: usize, flow: u64) {
        let Injected { kind, group, member } = injected;
        let mut shared = Stream::new(group, 1);
        let mut own = Stream::new(member, 1);
        if kind != Kind::MuleFanIn {
            self.customer = self.world.population.member(cohort, shared.bits());
            self.originator = account_in(self.zone, self.customer);
        }
        self.currency = home_currency(self.zone);
        let item = self.spec.menu.as_ref().map(|menu| menu.draw(None, shared.bits()));
        // Testers try a few shops, thieves have a few accounts to send to, mules many.
        let payee = match kind {
            Kind::CardTesting => own.below(3),
            Kind::AccountTakeover => own.below(2),
            Kind::MuleFanOut => own.bits(),
            Kind::Structuring | Kind::MuleFanIn | Kind::DuplicatePayment => 0,
        };
        let key = hash(group ^ flow, payee);
        if let Some(item) = item {
            self.item = Some(item);
            self.go_shopping(item, (0.0, 0.0), &mut Stream::new(key, 1));
        } else {
            let counterparty = Counterparty::of_key(key, self.spec, self.zone, self.originator.country, 0.0);
            // A mule's account is the same whoever pays into it, from the same bank too.
            self.counterparty =
                if kind == Kind::MuleFanIn { counterparty } else { self.elsewhere(counterparty) };
        }
        self.counterparty.is_usual = kind == Kind::DuplicatePayment;
        if kind == Kind::DuplicatePayment {
            self.document = group;
        }
        let u = own.unit();
        self.outcome = match kind {
            Kind::CardTesting if u < 0.72 => Outcome::Failed,
            Kind::AccountTakeover if u < 0.2 && self.rail() != Rail::P2p => Outcome::Rejected,
            _ => Outcome::Completed,
        };
        let amount = self.injected_amount(kind, &mut shared, &mut own);
        self.minor_units = amount.min(cap(self.rail(), &self.spec.name, self.place.day, self.currency));
    }

    fn injected_amount(&self, kind: Kind, shared: &mut Stream, own: &mut Stream) -> i64 {
        let quantile = |u: f64| self.amounts().map_or(1.0, |amounts| amounts.quantile(u));
        let major = match kind {
            Kind::CardTesting => 0.5 + 3.5 * own.unit(),
            Kind::Structuring => 10_000.0 - 80.0 - 1_700.0 * own.unit(),
            Kind::AccountTakeover => quantile(0.93 + 0.068 * own.unit()),
            Kind::MuleFanIn => quantile(0.55 + 0.4 * own.unit()),
            Kind::MuleFanOut => quantile(0.45 + 0.4 * own.unit()),
            Kind::DuplicatePayment => quantile(shared.unit()),
        };
        to_minor(major, self.currency)
    }
}

/// The customer with the account used in a zone: at home, or one kept abroad where the rail does not reach home.
fn account_in(zone: Zone, customer: Customer) -> Identity {
    let home = customer.identity;
    if zone.banking() == customer.zone.banking() {
        return home;
    }
    let country = country(zone, home.key);
    Identity { country, ..home }
}
