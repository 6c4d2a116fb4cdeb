//! Names of shops: by merchant category (ISO 18245) and language.

use super::language::Language;
use super::pattern::put_pattern;
use crate::random::{Stream, hash, unit};
use crate::text::Put;

/// The categories in ascending order, with whether its shops are many at different places.
const CATEGORIES: [(u16, bool); 28] = [
    (4111, false),
    (4121, false),
    (4511, false),
    (4722, false),
    (4899, false),
    (5085, false),
    (5200, true),
    (5311, true),
    (5399, false),
    (5411, true),
    (5541, true),
    (5651, true),
    (5732, true),
    (5812, true),
    (5814, true),
    (5815, false),
    (5816, false),
    (5817, false),
    (5912, true),
    (5942, true),
    (5943, true),
    (5968, false),
    (7011, true),
    (7230, true),
    (7372, false),
    (7922, false),
    (7997, true),
    (8099, true),
];

/// The patterns of each category, in their order, and of any other.
type Shops = [&'static [&'static str]; 29];

#[rustfmt::skip]
const ENGLISH: Shops = [
    &["* Transit", "* Metro", "* Bus Lines", "* Rail"],
    &["* Taxi", "* Cab", "* Rides", "* Car Service"],
    &["* Airways", "* Air", "Fly *"],
    &["* Travel", "* Tours", "* Cruises", "* Holidays"],
    &["* Streaming", "* TV", "* Stream Plus"],
    &["* Industrial Supply", "@ Tools", "* Fasteners"],
    &["* Home Supply", "@ Hardware", "* Lumber", "* Garden Center"],
    &["* Department Store", "* Stores", "@ Brothers Store"],
    &["* Marketplace", "* Direct", "Shop *"],
    &["* Grocery", "* Foods", "@ Market", "* Fresh", "* Supermarket"],
    &["* Fuel", "* Gas", "* Service Station", "@ Filling Station"],
    &["* Clothing", "* Apparel", "@ Outfitters", "* Shoes"],
    &["* Electronics", "* Audio", "* Computers"],
    &["* Grill", "The * Table", "@ Kitchen", "* Trattoria", "* Bistro", "@ Steakhouse", "* Noodle House"],
    &["* Diner", "* Coffee", "* Burgers", "@ Deli", "* Pizza", "* Tacos", "@ Bakery"],
    &["* Media", "* News Online", "* Music"],
    &["* Games", "* Play", "* Arcade Online"],
    &["* Apps", "* App Store", "* Cloud"],
    &["* Pharmacy", "@ Drugs", "* Chemist"],
    &["* Books", "@ Bookshop", "* Reads"],
    &["* Office Supply", "* Paper", "@ Stationers"],
    &["* Box Club", "* Crate", "* Box"],
    &["* Hotel", "* Inn", "* Suites", "@ House Hotel"],
    &["@ Hair and Beauty", "* Barbers", "Salon *", "* Nails"],
    &["* Software", "* Hosting", "* Cloud Tools"],
    &["* Tickets", "* Theatre", "* Live"],
    &["* Gym", "* Fitness", "* Sports Club"],
    &["* Clinic", "@ Family Medicine", "* Urgent Care", "* Eye Care"],
    &["* Shop"],
];

#[rustfmt::skip]
const GERMAN: Shops = [
    &["Verkehrsbetriebe *", "* Bahn", "Stadtbus *"],
    &["Taxi @", "* Taxi", "Funktaxi *"],
    &["* Air", "Fluglinie *", "* Flug"],
    &["Reisebuero @", "* Reisen", "* Touristik"],
    &["* Streaming", "* TV", "* Kino Online"],
    &["* Industriebedarf", "@ Werkzeuge", "@ Schrauben"],
    &["Baumarkt *", "@ Eisenwaren", "Gartencenter *", "* Bauwelt"],
    &["Kaufhaus @", "Warenhaus *", "* Kaufhaus"],
    &["* Marktplatz", "* Versand", "* Onlinehandel"],
    &["Supermarkt *", "* Markt", "Feinkost @", "* Frischemarkt", "Naturkost *"],
    &["Tankstelle *", "* Tank", "Tankhof @"],
    &["Modehaus @", "* Mode", "Schuhhaus @", "* Textil"],
    &["* Elektronik", "Elektro @", "* Technikmarkt"],
    &["Gasthaus *", "Restaurant @", "Gasthof zum *", "Wirtshaus *", "Trattoria @", "Ratskeller *"],
    &["Baeckerei @", "Imbiss *", "Cafe @", "* Kaffee", "Metzgerei @", "Pizza *"],
    &["* Medien", "* Verlag", "* Musik"],
    &["* Spiele", "* Games"],
    &["* Apps", "* Cloud"],
    &["* Apotheke", "Apotheke @", "* Drogerie"],
    &["Buchhandlung @", "* Buecher", "Buchladen *"],
    &["* Buerobedarf", "Schreibwaren @", "Papier @"],
    &["* Kochbox", "* Abobox"],
    &["Hotel *", "Hotel @", "Pension *", "Hotel *er Hof"],
    &["Friseur @", "Salon @", "Haarstudio *", "Kosmetik @"],
    &["* Software", "* Hosting"],
    &["* Karten", "Theaterkasse *", "* Konzerte"],
    &["* Fitness", "Fitnessstudio *", "* Sport"],
    &["Praxis Dr. @", "Klinik *", "Optik @"],
    &["Laden *"],
];

#[rustfmt::skip]
const FRENCH: Shops = [
    &["Transports de *", "Bus de *", "Metro de *"],
    &["Taxi @", "Taxis de *", "* VTC"],
    &["Air *", "* Air"],
    &["Voyages @", "* Voyages", "* Evasion"],
    &["* Streaming", "* TV"],
    &["* Fournitures", "Outillage @", "@ Boulonnerie"],
    &["Bricolage *", "Quincaillerie @", "Jardinerie *", "* Materiaux"],
    &["Grand Magasin *", "Galeries de *", "Magasins @"],
    &["* Marche en Ligne", "* Direct", "Place *"],
    &["Supermarche *", "Epicerie @", "Marche *", "* Frais", "Primeurs @"],
    &["Station *", "Relais de *", "Station @"],
    &["* Mode", "Boutique @", "Chaussures @", "Pret a Porter *"],
    &["* Electronique", "* Hifi", "Informatique @"],
    &["Restaurant *", "Bistrot @", "Auberge de *", "Brasserie *", "La Table de *", "Chez @"],
    &["Boulangerie @", "Cafe de *", "Boulangerie *", "* Burger", "Creperie *", "Traiteur @", "Pizza *"],
    &["* Medias", "* Presse", "* Musique"],
    &["* Jeux", "* Games"],
    &["* Applis", "* Cloud"],
    &["Pharmacie de *", "Pharmacie @", "Parapharmacie *"],
    &["Librairie *", "Librairie @"],
    &["* Bureau", "Papeterie @"],
    &["* Box", "La Box *"],
    &["Hotel de *", "Hotel *", "Hotel @"],
    &["Coiffure @", "Salon *", "Institut *"],
    &["* Logiciels", "* Hebergement"],
    &["* Billetterie", "Theatre de *", "* Spectacles"],
    &["* Fitness", "Salle de Sport *", "Gym *"],
    &["Clinique de *", "Cabinet @", "Optique @"],
    &["Magasin *"],
];

#[rustfmt::skip]
const ITALIAN: Shops = [
    &["Trasporti *", "Autobus *", "Metro *"],
    &["Taxi @", "Radiotaxi *"],
    &["Air *", "* Voli"],
    &["Viaggi @", "* Viaggi", "* Vacanze"],
    &["* Streaming", "* TV"],
    &["Forniture *", "Utensili @", "Ferramenta @"],
    &["* Casa", "Ferramenta @", "Vivaio *", "Edilizia *"],
    &["Grandi Magazzini *", "Magazzini @", "Emporio *"],
    &["* Mercato Online", "* Diretto"],
    &["Supermercato *", "Alimentari @", "Mercato *", "* Fresco", "Salumeria @"],
    &["Stazione *", "Distributore *", "Carburanti @"],
    &["* Moda", "Boutique @", "Calzature @", "Abbigliamento *"],
    &["* Elettronica", "Elettro @", "Computer *"],
    &["Ristorante *", "Trattoria @", "Osteria *", "Da @", "Locanda *", "Enoteca @"],
    &["Bar *", "Pizzeria @", "Pasticceria @", "Caffe *", "Gelateria *", "Panificio @"],
    &["* Media", "* Musica", "Edizioni *"],
    &["* Giochi", "* Games"],
    &["* App", "* Cloud"],
    &["Farmacia @", "Farmacia *", "Erboristeria *"],
    &["Libreria *", "Libreria @"],
    &["* Ufficio", "Cartoleria @"],
    &["* Box", "La Scatola *"],
    &["Hotel *", "Albergo @", "Pensione *"],
    &["Parrucchiere @", "Salone *", "Estetica @", "Barbiere @"],
    &["* Software", "* Hosting"],
    &["* Biglietti", "Teatro *"],
    &["Palestra *", "* Fitness"],
    &["Studio Medico @", "Clinica *", "Ottica @"],
    &["Negozio *"],
];

#[rustfmt::skip]
const SPANISH: Shops = [
    &["Transportes *", "Autobuses *", "Metro *"],
    &["Taxi @", "Radio Taxi *"],
    &["Air *", "Vuelos *"],
    &["Viajes @", "Viajes *", "* Vacaciones"],
    &["* Streaming", "* TV"],
    &["Suministros *", "Herramientas @", "Tornillos @"],
    &["Ferreteria @", "Bricolaje *", "Jardineria *", "Materiales *"],
    &["Grandes Almacenes *", "Almacenes @", "Galerias *"],
    &["Mercado Online *", "* Directo"],
    &["Supermercado *", "Alimentacion @", "Mercado *", "Fruteria @", "Ultramarinos @"],
    &["Gasolinera *", "Estacion *", "Gasolinera @"],
    &["Moda *", "Boutique @", "Zapateria @", "Confecciones @"],
    &["Electronica *", "Electro @", "Informatica *"],
    &["Restaurante *", "Casa @", "Meson *", "Asador @", "Taberna *", "Marisqueria @"],
    &["Panaderia *", "Bar @", "Cafeteria *", "Pasteleria @", "Churreria *", "Hamburgueseria *", "Cafe *"],
    &["* Medios", "* Musica", "Ediciones *"],
    &["Juegos *", "* Games"],
    &["* Apps", "* Cloud"],
    &["Farmacia @", "Farmacia *", "Parafarmacia *"],
    &["Libreria *", "Libreria @"],
    &["Papeleria @", "* Oficina"],
    &["Caja *", "* Box"],
    &["Hotel *", "Hostal @", "Posada *"],
    &["Peluqueria @", "Salon *", "Estetica @", "Barberia @"],
    &["* Software", "* Hosting"],
    &["Entradas *", "Teatro *"],
    &["Gimnasio *", "* Fitness"],
    &["Clinica *", "Consulta @", "Optica @"],
    &["Tienda *"],
];

#[rustfmt::skip]
const PORTUGUESE: Shops = [
    &["Transportes *", "Autocarros *", "Metro *"],
    &["Taxi @", "Taxis *"],
    &["Air *", "Voos *"],
    &["Viagens @", "Viagens *", "* Ferias"],
    &["* Streaming", "* TV"],
    &["Fornecimentos *", "Ferramentas @"],
    &["Ferragens @", "Bricolage *", "Jardins *", "Materiais *"],
    &["Grandes Armazens *", "Armazens @"],
    &["Mercado Online *", "* Direto"],
    &["Supermercado *", "Mercearia @", "Mercado *", "Frutaria @", "Minimercado *"],
    &["Posto *", "Bombas @", "Combustiveis *"],
    &["Moda *", "Boutique @", "Sapataria @", "Pronto a Vestir *"],
    &["Eletronica *", "Eletro @", "Informatica *"],
    &["Restaurante *", "Tasca @", "Churrasqueira *", "Cervejaria @", "Adega *", "Casa @"],
    &["Padaria *", "Cafe @", "Pastelaria *", "Snack Bar *", "Pizaria *", "Cafe *"],
    &["* Media", "* Musica", "Edicoes *"],
    &["Jogos *", "* Games"],
    &["* Apps", "* Cloud"],
    &["Farmacia @", "Farmacia *", "Parafarmacia *"],
    &["Livraria *", "Livraria @"],
    &["Papelaria @", "* Escritorio"],
    &["Caixa *", "* Box"],
    &["Hotel *", "Pensao @", "Residencial *"],
    &["Cabeleireiro @", "Salao *", "Estetica @", "Barbearia @"],
    &["* Software", "* Hosting"],
    &["Bilhetes *", "Teatro *"],
    &["Ginasio *", "* Fitness"],
    &["Clinica *", "Consultorio @", "Otica @"],
    &["Loja *"],
];

#[rustfmt::skip]
const DUTCH: Shops = [
    &["* Vervoer", "Streekbus *", "* Tram"],
    &["Taxi @", "Taxi *"],
    &["Air *", "* Vliegreizen"],
    &["Reisburo @", "* Reizen", "* Vakanties"],
    &["* Streaming", "* TV"],
    &["* Industrie", "Gereedschap @"],
    &["Bouwmarkt *", "IJzerwaren @", "Tuincentrum *"],
    &["Warenhuis *", "Warenhuis @"],
    &["* Marktplaats", "* Direct"],
    &["Supermarkt *", "Buurtwinkel @", "* Markt", "Groenteboer @", "Kaashandel @"],
    &["Tankstation *", "* Tank", "Tankstation @"],
    &["Mode @", "* Mode", "Schoenen @", "Kleding *"],
    &["* Elektronica", "Elektro @", "Computers *"],
    &["Restaurant *", "Eetcafe @", "Brasserie *", "Herberg *", "Bistro @", "Pannenkoekhuis *"],
    &["Bakkerij @", "Cafe *", "Snackbar @", "Lunchroom *", "Koffie *", "Pizzeria *"],
    &["* Media", "* Muziek", "Uitgeverij *"],
    &["* Spellen", "* Games"],
    &["* Apps", "* Cloud"],
    &["Apotheek *", "Apotheek @", "Drogist @"],
    &["Boekhandel @", "Boekhandel *"],
    &["* Kantoor", "Papier @"],
    &["* Box", "Maaltijdbox *"],
    &["Hotel *", "Hotel @", "Pension *"],
    &["Kapper @", "Kapsalon *", "Salon @"],
    &["* Software", "* Hosting"],
    &["* Kaartjes", "Theater *"],
    &["Sportschool *", "* Fitness"],
    &["Praktijk @", "Kliniek *", "Opticien @"],
    &["Winkel *"],
];

#[rustfmt::skip]
const JAPANESE: Shops = [
    &["* Tetsudo", "* Bus"],
    &["* Taxi", "@ Kotsu"],
    &["Air *", "* Air"],
    &["* Ryoko", "@ Travel"],
    &["* Streaming", "* TV"],
    &["* Kizai", "@ Kogu"],
    &["* Home Center", "@ Kanamono"],
    &["* Hyakkaten", "* Depato"],
    &["* Ichiba", "* Direct"],
    &["* Super", "* Mart", "@ Shoten", "* Foods"],
    &["* Sekiyu", "* Station"],
    &["* Fashion", "@ Gofuku", "* Shoes"],
    &["* Denki", "* Camera"],
    &["* Shokudo", "Sushi @", "Izakaya *", "* Tei"],
    &["* Ramen", "* Coffee", "@ Soba", "* Burger", "* Pan"],
    &["* Media", "* Music"],
    &["* Games", "* Play"],
    &["* Apps", "* Cloud"],
    &["* Yakkyoku", "* Drug"],
    &["* Shobo", "@ Shoten"],
    &["* Bungu", "* Office"],
    &["* Box", "* Teikibin"],
    &["* Hotel", "* Ryokan"],
    &["* Biyoshitsu", "Hair @"],
    &["* Soft", "* Hosting"],
    &["* Ticket", "* Gekijo"],
    &["* Gym", "* Sports"],
    &["@ Clinic", "* Iin"],
    &["* Shop"],
];

const fn shops(language: Language) -> &'static Shops {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
        Language::French => &FRENCH,
        Language::Italian => &ITALIAN,
        Language::Spanish => &SPANISH,
        Language::Portuguese => &PORTUGUESE,
        Language::Dutch => &DUTCH,
        Language::Japanese => &JAPANESE,
    }
}

const SHOP: u64 = 0x5401;
/// Brands of a category in a country; the first have the most shops.
const BRANDS: f64 = 40.0;

/// Replaces `out` by the name of the shop with a key, of at most 35 characters: a shop of its own (`Panaderia Olmeda`),
/// or one of a chain, with its number (`Larkfield Grocery 0231`). What has no places is a brand alone.
pub fn put_shop(country: &str, mcc: u16, key: u64, out: &mut String) {
    let language = Language::of(country, key);
    let category = CATEGORIES.binary_search_by_key(&mcc, |(code, _)| *code).ok();
    let has_branches = category.is_none_or(|at| CATEGORIES[at].1);
    // Half of the shops belong to chains: assumption.
    let is_brand = !has_branches || hash(key, SHOP) % 2 == 0;
    let mut choice = if is_brand {
        let u = unit(hash(key, SHOP + 1));
        let rank = (u * u * BRANDS) as u64;
        let name = country.bytes().fold(u64::from(mcc), |sum, byte| sum << 8 | u64::from(byte));
        Stream::new(name, SHOP ^ rank << 16)
    } else {
        Stream::new(key, SHOP + 2)
    };
    let pattern = choice.pick(shops(language)[category.unwrap_or(CATEGORIES.len())]);
    put_pattern(pattern, country, language, "", &mut choice, out);
    if is_brand && has_branches {
        out.push(' ');
        out.number(1 + hash(key, SHOP + 3) % 900, 4);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    const COUNTRIES: [&str; 15] =
        ["US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "BE", "IT", "ES", "MX", "PT", "NL", "JP"];

    fn name(country: &str, mcc: u16, key: u64) -> String {
        let mut name = String::from("what was there");
        put_shop(country, mcc, hash(8, key), &mut name);
        name
    }

    #[test]
    fn names_fit_in_every_country_and_category() {
        for country in COUNTRIES {
            for mcc in CATEGORIES.iter().map(|(mcc, _)| *mcc).chain([9_999]) {
                for name in (0..500).map(|key| name(country, mcc, key)) {
                    assert!((5..=35).contains(&name.len()), "{name}");
                    assert!(
                        name.bytes().all(|b| b.is_ascii_alphanumeric() || b" .'-".contains(&b)),
                        "{name}"
                    );
                    assert!(name.split(' ').all(|word| !word.is_empty()), "{name}");
                }
            }
        }
    }

    #[test]
    fn every_category_of_the_generator_has_its_words() {
        for flow in ["in_store", "online", "business", "subscription"] {
            for (_, (category, _)) in crate::categories::of_flow(flow) {
                assert!(CATEGORIES.binary_search_by_key(&category.mcc, |(code, _)| *code).is_ok());
            }
        }
        assert!(CATEGORIES.is_sorted());
    }

    #[test]
    fn half_of_the_groceries_belong_to_chains_and_the_others_differ() {
        let names: Vec<String> = (0..4_000).map(|key| name("DE", 5411, key)).collect();
        let (chains, own): (Vec<&String>, Vec<_>) =
            names.iter().partition(|name| name.ends_with(|last: char| last.is_ascii_digit()));
        let mut brands: HashMap<&str, u32> = HashMap::new();
        for name in &chains {
            *brands.entry(name.rsplit_once(' ').expect("a number").0).or_default() += 1;
        }
        assert!((1_800..2_200).contains(&chains.len()) && (20..=40).contains(&brands.len()));
        // The largest of forty brands with a square-root law has 1 / sqrt(40) of the shops.
        assert!(brands.values().max().is_some_and(|most| (200..450).contains(most)), "{brands:?}");
        assert!(own.iter().collect::<HashSet<_>>().len() > 1_200);
    }

    #[test]
    fn what_has_no_places_has_no_number() {
        assert!((0..500).all(|key| !name("US", 4899, key).ends_with(|last: char| last.is_ascii_digit())));
    }
}
