//! One payment in the making: everything about it that is decided before its rail's own fields are written.

use crate::amounts::{Amounts, cap, exchange, settle_on, to_minor};
use crate::anomalies::{Actor, Amount, Injected, Kind as Pattern};
use crate::counterparties::{Counterparty, currency_of};
use crate::customers::{Customer, Population};
use crate::dates::{Zone, week};
use crate::days::Days;
use crate::flows::{FlowSpec, currency_at, home_currency};
use crate::geography::City;
use crate::intensity::{Place, Segment};
use crate::lands::Land;
use crate::life::{Outcome, View};
use crate::mix::Rail;
use crate::parties::Identity;
use crate::profile::Side;
use crate::random::{Stream, hash, unit};
use crate::schedule::Schedule;
use crate::shops::{Item, Shop};
use crate::standing::Kind;
use crate::ties::{Search, collector};
use crate::world::World;

/// The part of the payees of wires abroad who are paid in their own currency (our assumption).
pub const IN_THEIRS: f64 = 0.45;

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
    /// `None` in a run without an end.
    pub schedule: Option<&'a Schedule>,
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
    schedule: Option<&'a Schedule>,
    /// When the state changes next, as far as the view lets it; known once written.
    pub next_change_micros: Option<i64>,
    pub spec: &'a FlowSpec,
    /// Where the account stands that the customer uses here.
    pub land: Land,
    pub zone: Zone,
    /// How many people of the land are known.
    pub people: u64,
    /// What the arrangement ties together, and the worker, debtor or partner on its other end.
    pub kind: Option<Kind>,
    pub owner: Option<Customer>,
    /// Tells a customer's habits in one flow from those in another.
    pub what: u64,
    pub customer: Customer,
    pub originator: Identity,
    pub counterparty: Counterparty,
    /// Where the customer is on a journey.
    pub abroad: Option<&'static City>,
    /// Where a card pays, and what is bought there.
    pub shop: Option<Shop>,
    pub item: Option<&'a Item>,
    /// Which of a company's cards pays, where it is one that travels.
    pub hand: Option<u64>,
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
        let Given { index, place, segment, days, first_day, view, schedule, injected } = given;
        let spec = &world.flows[segment.flow];
        let (land, zone) = (segment.land, segment.zone);
        let what = (segment.flow * Land::ALL.len() + land as usize) as u64;
        let arrangement = place.arrangement.map(|(class, number)| Arrangement {
            key: hash(world.key ^ what, number),
            due_day: class.due_day,
        });
        let mut choice = Stream::new(world.key ^ CHOICES, index);
        let visitor = if arrangement.is_none() { visitor(world, segment, &place) } else { None };
        let (originator, customer, owner, abroad) = if let Some((customer, city)) = visitor {
            (customer.identity, customer, None, Some(city))
        } else {
            let (customer, owner) = originator(world, segment, &place, arrangement, &mut choice);
            (account_in(land, customer), customer, owner, None)
        };
        let mut draft = Self {
            world,
            index,
            place,
            days,
            first_day,
            view,
            schedule,
            next_change_micros: None,
            spec,
            land,
            zone,
            people: segment.people,
            kind: segment.standing.kind,
            owner,
            what,
            customer,
            originator,
            counterparty: Counterparty::outside(originator, false),
            abroad,
            shop: None,
            item: None,
            hand: None,
            arrangement,
            minor_units: 0,
            currency: home_currency(zone),
            outcome: Outcome::Completed,
            injected,
            document: index,
            choice,
        };
        draft.choose_counterparty();
        draft.choose_amount();
        let u = Stream::new(world.key ^ OUTCOME, index).unit();
        draft.outcome = Outcome::at(u, &spec.flow);
        if let Some(injected) = injected {
            draft.inject(injected, segment.cohort);
        }
        draft
    }

    /// How many checks the customer wrote before this one, as their numbers count.
    pub fn checks_before(&self) -> u64 {
        match self.schedule {
            Some(schedule) => schedule.checks_before(self.customer.cohort, self.customer.at, self.created()),
            None => self.place.turn.map_or(0, |turn| turn.number),
        }
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

    fn choose_counterparty(&mut self) {
        match &self.spec.menu {
            Some(menu) => self.choose_shop(menu),
            None => self.counterparty = self.find_counterparty(),
        }
        let pays_abroad_in_theirs = match self.spec.rail {
            Rail::Card => true,
            // Most cross-border wires are in the sender's or the world's currency.
            Rail::Wire => unit(hash(self.counterparty.identity.key, 0xcc)) < IN_THEIRS,
            _ => false,
        };
        if self.counterparty.is_foreign && pays_abroad_in_theirs {
            self.currency = currency_of(self.counterparty.identity.country);
        }
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
        if let Some((class, _)) = self.place.arrangement {
            major *= class.factor();
        }
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
    fn inject(&mut self, injected: Injected, cohort: usize) {
        let Injected { kind, group, member, .. } = injected;
        let part = injected.part();
        let (mut shared, mut own) = (Stream::new(group, 1), Stream::new(group, 2 + member));
        self.customer = match part.from {
            Actor::Customer(actor) => self.actor(cohort, injected, actor),
            Actor::Stranger(_) | Actor::Usual => self.customer,
        };
        self.originator = account_in(self.land, self.customer);
        self.abroad = None;
        self.currency = home_currency(self.zone);
        let item = self.spec.menu.as_ref().map(|menu| menu.draw(None, shared.bits()));
        let counterparty = match (part.to, item) {
            (Actor::Stranger(payee), Some(item)) => {
                self.go_shopping(item, (0.0, 0.0), &mut Stream::new(hash(group, payee), 1));
                self.counterparty
            }
            (_, Some(item)) => {
                self.go_shopping(item, (1.0, 0.0), &mut Stream::new(group, 2));
                self.counterparty
            }
            (Actor::Customer(actor), _) => {
                let other = self.actor(cohort, injected, actor);
                // Where there are not enough customers somebody else is it.
                let is_self = other.number == self.customer.number;
                let stranger = hash(group, 0xac + actor);
                Counterparty::of(&if is_self { self.stranger(stranger) } else { other }, false)
            }
            (Actor::Stranger(payee), _) => Counterparty::of(&self.stranger(hash(group, 0x9a + payee)), false),
            (Actor::Usual, _) => self.usual(&mut shared),
        };
        self.counterparty = counterparty;
        if kind == Pattern::BusinessEmailCompromise {
            self.counterparty.identity = self.counterparty.identity.at_false_account();
        }
        // Between two customers of a bank no clearing system is needed: the payer uses another account.
        if self.shop.is_none() && self.shares_bank(&self.counterparty.identity) {
            self.originator = self.originator.at_second_bank();
        }
        if kind == Pattern::DuplicatePayment {
            self.document = group;
        }
        let u = own.unit();
        let is_probe = kind == Pattern::CardTesting && member + 1 < injected.size;
        self.outcome = match kind {
            Pattern::CardTesting if is_probe && member > 0 && u < 0.75 => Outcome::Failed,
            Pattern::AccountTakeover if u < 0.2 && self.rail() != Rail::P2p => Outcome::Rejected,
            _ => Outcome::Completed,
        };
        let amount = to_minor(self.injected_amount(injected), self.currency);
        self.minor_units = amount.min(cap(self.rail(), &self.spec.name, self.place.day, self.currency));
    }

    /// A customer of a group: another for each number while there are enough.
    fn actor(&self, cohort: usize, injected: Injected, actor: u64) -> Customer {
        let population = &self.world.population;
        let customers = population.cohort(cohort).customers.max(1);
        let first = hash(injected.group, 0xac);
        // The cards of an attack are of one bank.
        let tries = if injected.kind == Pattern::CardTesting { 12 } else { 1 };
        let nth = |nth: u64| population.resident(cohort, (first % customers + nth) % customers);
        let bank = nth(0).identity.bank();
        let mut found = nth(actor * tries);
        for more in 1..tries {
            if found.identity.bank() == bank {
                break;
            }
            found = nth(actor * tries + more);
        }
        found
    }

    /// One of those whom the customer deals with anyway.
    fn usual(&self, choice: &mut Stream) -> Counterparty {
        let (population, ties) = (&self.world.population, &self.world.ties);
        let search = Search { population, land: self.land, of: &self.customer, habit: 1.0, attempt: 0 };
        let tie = if self.spec.flow.to == Side::Person {
            ties.friend(&search, self.people, choice)
        } else {
            ties.supplier(&search, self.what, choice)
        };
        Counterparty::of(&tie.to, true)
    }

    /// Somebody of the land who has nothing to do with anybody known.
    fn stranger(&self, key: u64) -> Customer {
        let is_business = self.spec.flow.to != Side::Person;
        let known = if is_business { self.world.ties.companies(self.land) } else { self.people };
        let cohort = Population::cohort_of(self.land, is_business);
        self.world.population.resident(cohort, known + (key >> 20))
    }

    /// What a member of a group pays, in units of the currency.
    fn injected_amount(&self, injected: Injected) -> f64 {
        let quantile = |u: f64| self.amounts().map_or(1.0, |amounts| amounts.quantile(u));
        let u = unit(hash(injected.group, 0xa0 + injected.member));
        match injected.part().amount {
            Amount::Between(low, high) => quantile(low + (high - low) * u),
            Amount::Major(low, high) => low + (high - low) * u,
            Amount::Shared => quantile(unit(hash(injected.group, 0xa9))),
            Amount::Of { first, end, part } => {
                let before = |member| self.injected_amount(Injected { member, ..injected });
                part * (first..end).map(before).sum::<f64>()
            }
        }
    }
}

/// Whose payment it is, and who is on the other end of an arrangement.
fn originator(
    world: &World,
    segment: &Segment,
    place: &Place,
    arrangement: Option<Arrangement>,
    choice: &mut Stream,
) -> (Customer, Option<Customer>) {
    let population = &world.population;
    let (Some(kind), Some((_, number)), Some(arrangement)) =
        (segment.standing.kind, place.arrangement, arrangement)
    else {
        if let Some(turn) = place.turn {
            return (population.resident(segment.cohort, turn.member), None);
        }
        let customer = if is_in_sessions(&world.flows[segment.flow]) {
            in_session(world, segment, place)
        } else {
            population.member(segment.cohort, choice.bits())
        };
        return (customer, None);
    };
    let (at, nth) = segment.standing.owner(number);
    let people = Population::cohort_of(segment.land, false);
    let companies = Population::cohort_of(segment.land, true);
    match kind {
        Kind::Wages => {
            // Workers next to each other have the same employer, who has as many as its size says.
            let u = (number as f64 + 0.5) / segment.standing.arrangements.len() as f64;
            let employer = population.cohort(segment.cohort).activity.at(u);
            (population.resident(segment.cohort, employer), Some(population.resident(people, at)))
        }
        Kind::Bill => {
            let debtor = population.resident(people, at);
            let nth = nth + debtor.identity.key % 6;
            (collector(population, segment.cohort, nth, debtor.identity.key), Some(debtor))
        }
        Kind::Rent | Kind::Subscription => (population.resident(segment.cohort, at), None),
        Kind::Trade => {
            let creditor = population.member(segment.cohort, arrangement.key);
            let other = if creditor.cohort == companies && creditor.at == at { at + 1 } else { at };
            (creditor, Some(population.resident(companies, other)))
        }
    }
}

/// Somebody from abroad who shops in the land, and where, for the part of the payments in shops that the flow has.
fn visitor(world: &World, segment: &Segment, place: &Place) -> Option<(Customer, &'static City)> {
    let spec = &world.flows[segment.flow];
    let bits = hash(place.session, 0x715);
    if !spec.is_on_site() {
        return None;
    }
    let land = segment.land as usize;
    let (from, person, trip) = world.journeys.visitor(land, spec.flow.foreign, place.micros, bits)?;
    let cohort = Population::cohort_of(Land::ALL[from], false);
    Some((world.population.resident(cohort, person), trip.city))
}

/// The customer of a session: people pay more in some weeks than in others, and in the shops at home while they are there.
fn in_session(world: &World, segment: &Segment, place: &Place) -> Customer {
    let population = &world.population;
    let week = week(place.day);
    let is_on_site = world.flows[segment.flow].is_on_site();
    let mut customer = population.member(segment.cohort, place.session);
    for attempt in 1..16 {
        let is_busy = attempt >= 6 || unit(hash(place.session, attempt)) < busy(customer.identity.key, week);
        let is_away = || {
            is_on_site
                && !customer.is_business
                && world.journeys.away(customer.land as usize, customer.at, place.micros).is_some()
        };
        if is_busy && !is_away() {
            break;
        }
        customer = population.member(segment.cohort, hash(place.session ^ 0xa1, attempt));
    }
    customer
}

/// How busy a week, counted from 1970, is for a customer: the part of the payments drawn that it keeps. Busy weeks are
/// few, so that short gaps come among short ones.
pub fn busy(key: u64, week: u64) -> f64 {
    let u = unit(hash(key ^ 0xb5, week));
    0.08 + 0.92 * u * u
}

/// Whether the payments of a flow come in sessions.
pub fn is_in_sessions(spec: &FlowSpec) -> bool {
    matches!(spec.rail, Rail::Card | Rail::P2p) && spec.flow.rhythm.is_none()
}

/// The customer with the account used in a land: at home, or one kept abroad where the rail does not reach home.
fn account_in(land: Land, customer: Customer) -> Identity {
    if land.zone().banking() == customer.zone.banking() {
        customer.identity
    } else {
        customer.identity.in_country(land.country())
    }
}
