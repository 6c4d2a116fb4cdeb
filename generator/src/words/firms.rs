//! Names of companies: by trade and language, with the legal form of the country.

use super::language::Language;
use super::pattern::put_pattern;
use crate::parties::Trade;
use crate::random::Stream;

/// The patterns of each trade, in the order of [`Trade`].
type Firms = [&'static [&'static str]; 12];

#[rustfmt::skip]
const ENGLISH: Firms = [
    &[
        "* Freight $", "* Instruments $", "* Textiles $", "* Packaging $", "* Machinery $", "* Plastics $",
        "@ Manufacturing $", "* Ceramics $", "@ Tool and Die $", "* Foods $", "* Chemicals $", "@ Brothers $",
    ],
    &["* Property Management $", "* Apartments $", "@ Estates $", "* Residential $", "* Housing $", "@ Rentals $"],
    &["* Power and Light $", "* Water Works", "* Gas $", "* Waste Services $", "* Energy $", "* Electric $"],
    &["* Insurance $", "* Mutual Insurance", "* Life $", "* Assurance $"],
    &["* Telecom $", "* Wireless $", "* Broadband $", "* Fiber $", "* Cable $"],
    &["* Lending $", "* Auto Finance $", "* Home Loans $", "* Credit Union", "* Finance $"],
    &["* Fitness $", "* Sports Club", "* Swim Club", "* Yoga $", "* Climbing $", "* Golf Club", "* Dance School"],
    &["@ Dental Care $", "* Dental $", "* Child Care $", "* Preschool", "@ Orthodontics $", "* Pediatrics $"],
    &[
        "@ Plumbing $", "@ and Sons Roofing $", "@ Electric $", "@ Landscaping $", "* Painting $", "@ Carpentry $",
        "* Heating and Air $", "@ Flooring $",
    ],
    &["* Staffing $", "* Workforce $", "* Recruiting $", "@ Talent $", "* Temps $"],
    &["* Supply $", "* Wholesale $", "@ Distributors $", "* Trading $", "@ Produce $", "* Imports $"],
    &["* Consulting $", "* Software $", "@ Law $", "* Analytics $", "@ Accounting $", "@ and @ $", "* Design $"],
];

#[rustfmt::skip]
const GERMAN: Firms = [
    &[
        "@ Metallbau $", "@ Maschinenbau $", "* Kunststofftechnik $", "@ Werkzeuge $", "* Textil $", "@ und Sohn $",
        "* Papierwerk $", "@ Anlagenbau $", "* Chemie $", "@ Feinmechanik $", "* Spedition $", "@ Verpackungen $",
    ],
    &[
        "* Wohnbau $", "@ Hausverwaltung $", "* Immobilien $", "Wohnungsbau *", "@ Grundbesitz $",
        "Baugenossenschaft * eG",
    ],
    &["Stadtwerke * $", "* Energie $", "Wasserwerk *", "* Gasversorgung $", "Entsorgung * $"],
    &["* Versicherung $", "* Lebensversicherung $", "* Krankenkasse", "* Assekuranz $"],
    &["* Telekom $", "* Mobilfunk $", "* Netz $", "* Kabel $", "* Glasfaser $"],
    &["* Kreditbank $", "* Leasing $", "* Autobank $", "* Finanz $", "Bausparkasse *"],
    &["Turnverein * e.V.", "* Fitness $", "Sportclub * e.V.", "Musikschule *", "* Kletterhalle $", "Tennisclub * e.V."],
    &[
        "Zahnarztpraxis Dr. @", "Kindergarten *", "Praxis Dr. @", "Kita * $", "Physiotherapie @", "Pflegedienst @ $",
    ],
    &[
        "@ Sanitaer $", "@ Dachdeckerei $", "@ Elektro $", "Tischlerei @", "Malerbetrieb @", "@ Heizungsbau $",
        "@ Gartenbau $", "Schreinerei @ $",
    ],
    &["* Personal $", "* Zeitarbeit $", "@ Personaldienste $", "* Personalservice $"],
    &["@ Grosshandel $", "* Handel $", "@ Lebensmittel $", "* Baustoffe $", "@ Import Export $", "@ Getraenke $"],
    &[
        "@ Unternehmensberatung", "* Software $", "Kanzlei @ und @", "@ Steuerberatung", "* Systeme $", "* Beratung $",
        "Ingenieurbuero @",
    ],
];

#[rustfmt::skip]
const FRENCH: Firms = [
    &[
        "Ateliers @ $", "* Industries $", "@ Mecanique $", "Plastiques * $", "Transports @ $", "Textiles * $",
        "Etablissements @ $", "* Emballages $", "Papeteries de * $", "@ et Fils $", "Fonderie de * $",
    ],
    &["* Immobilier $", "Regie @ $", "Habitat * $", "Residences * $", "Gestion Immobiliere @", "SCI *"],
    &["* Energie $", "Eaux de *", "Gaz de * $", "* Electricite $", "Proprete * $"],
    &["* Assurances $", "Mutuelle *", "* Prevoyance $", "Mutuelle de *"],
    &["* Telecom $", "* Mobile $", "* Fibre $", "* Reseaux $"],
    &["Credit *", "* Financement $", "* Leasing $", "Caisse de *"],
    &["Club Sportif de *", "* Fitness $", "Tennis Club de *", "Ecole de Musique *", "* Escalade $", "Gym * $"],
    &[
        "Cabinet Dentaire @", "Creche *", "Cabinet Medical @", "Pharmacie @", "Garderie *", "Clinique * $",
    ],
    &[
        "Plomberie @ $", "Toitures @ $", "Menuiserie @", "@ Electricite $", "Peinture @ $", "@ Chauffage $",
        "Maconnerie @ $", "Jardins @",
    ],
    &["* Interim $", "* Emploi $", "@ Recrutement $", "* Ressources $"],
    &["* Distribution $", "@ Negoce $", "Comptoir * $", "Grossiste @ $", "@ Primeurs $", "Caves @ $"],
    &["@ Conseil $", "* Logiciels $", "Cabinet @ et @", "@ Expertise $", "* Informatique $", "Etude @", "Agence *"],
];

#[rustfmt::skip]
const ITALIAN: Firms = [
    &[
        "Officine @ $", "* Meccanica $", "Tessitura @ $", "Ceramiche * $", "@ e Figli $", "Plastica * $",
        "Trasporti @ $", "Carpenteria @ $", "Cartiera * $", "Fonderie * $", "Mobilificio @ $",
    ],
    &["Immobiliare * $", "@ Immobili $", "Case * $", "Gestioni @ $", "Condominio *"],
    &["* Energia $", "Acque di * $", "Gas * $", "* Servizi $", "* Ambiente $"],
    &["* Assicurazioni $", "Mutua *", "* Vita $", "Assicuratrice * $"],
    &["* Telecomunicazioni $", "* Mobile $", "* Fibra $", "* Rete $"],
    &["* Credito $", "* Finanziaria $", "* Leasing $", "Prestiti * $"],
    &["Palestra *", "Circolo Tennis *", "* Fitness $", "Polisportiva *", "Scuola di Danza *", "Piscina * $"],
    &["Studio Dentistico @", "Asilo *", "Studio Medico @", "Ambulatorio * $", "Nido *", "Clinica * $"],
    &[
        "Idraulica @ $", "Tetti @ $", "Falegnameria @", "Impianti @ $", "Edilizia @ $", "Elettrica @ $",
        "Pitture @", "Giardini @",
    ],
    &["* Lavoro $", "@ Risorse $", "* Personale $", "* Interinale $"],
    &["Ingrosso @ $", "* Distribuzione $", "@ Alimentari $", "Ortofrutta @ $", "@ Commerciale $", "Vini @ $"],
    &["Studio Legale @", "@ Consulenza $", "* Informatica $", "Studio @ e @", "* Sistemi $", "Studio Tecnico @"],
];

#[rustfmt::skip]
const SPANISH: Firms = [
    &[
        "Talleres @ $", "Transportes * $", "Industrias * $", "Ceramicas * $", "Metalurgica @ $", "Textiles * $",
        "Envases * $", "Plasticos * $", "Hijos de @ $", "Maquinaria @ $", "Conservas * $",
    ],
    &["Inmobiliaria * $", "Alquileres @ $", "Fincas @ $", "Viviendas * $", "Gestiones @ $"],
    &["Energia * $", "Aguas de *", "Gas * $", "Electrica * $", "Residuos * $"],
    &["Seguros * $", "Mutua *", "* Vida $", "Aseguradora * $"],
    &["Telecom * $", "* Movil $", "Fibra * $", "Redes * $"],
    &["Credito * $", "Financiera * $", "* Leasing $", "Prestamos * $"],
    &["Gimnasio *", "Club Deportivo *", "Club de Tenis *", "Escuela de Musica *", "Piscinas * $", "* Fitness $"],
    &["Clinica Dental @", "Guarderia *", "Clinica * $", "Escuela Infantil *", "Fisioterapia @", "Centro Medico *"],
    &[
        "Fontaneria @", "Tejados @ $", "Carpinteria @", "Electricidad @ $", "Pinturas @ $", "Reformas @ $",
        "Jardineria @", "Calefaccion @ $",
    ],
    &["* Temporal $", "* Empleo $", "@ Personal $", "* Recursos $"],
    &["Distribuciones @ $", "Mayorista @ $", "Frutas @ $", "Comercial * $", "Bebidas @ $", "Suministros * $"],
    &["Asesoria @ $", "* Consultores $", "Abogados @ y @", "Gestoria @", "* Informatica $", "* Sistemas $"],
];

#[rustfmt::skip]
const PORTUGUESE: Firms = [
    &[
        "Metalurgica @ $", "Transportes @ $", "Ceramicas * $", "Texteis * $", "Industrias @ $", "@ e Filhos $",
        "Plasticos * $", "Embalagens * $", "Conservas * $", "Moldes @ $", "Corticas @ $",
    ],
    &["Imobiliaria * $", "Casas * $", "Arrendamentos @ $", "@ Imoveis $", "Condominios * $"],
    &["* Energia $", "Aguas de *", "Gas * $", "Eletrica * $", "Residuos * $"],
    &["Seguros * $", "Mutua *", "* Vida $", "Seguradora * $"],
    &["* Telecomunicacoes $", "* Movel $", "Fibra * $", "Redes * $"],
    &["Credito * $", "Financeira * $", "* Leasing $", "Caixa *"],
    &["Ginasio *", "Clube Desportivo *", "Clube de Tenis *", "Escola de Musica *", "Piscinas *", "* Fitness $"],
    &["Clinica Dentaria @", "Creche *", "Clinica * $", "Jardim de Infancia *", "Fisioterapia @", "Consultorio @"],
    &[
        "Canalizacoes @", "Telhados @ $", "Carpintaria @", "Eletricidade @ $", "Pinturas @ $", "Construcoes @ $",
        "Jardins @", "Serralharia @ $",
    ],
    &["* Temporarios $", "* Emprego $", "@ Recursos $", "* Pessoal $"],
    &["Distribuidora @ $", "Armazens @ $", "Frutas @ $", "Comercial * $", "Bebidas @ $", "Vinhos @ $"],
    &["@ Consultores $", "* Informatica $", "Advogados @ e @", "@ Contabilidade $", "* Sistemas $", "Estudio *"],
];

#[rustfmt::skip]
const DUTCH: Firms = [
    &[
        "@ Machinebouw $", "@ Metaal $", "* Kunststoffen $", "@ Transport $", "* Textiel $", "@ en Zonen $",
        "* Verpakkingen $", "@ Techniek $", "* Papier $", "@ Staalbouw $", "* Chemie $",
    ],
    &["* Vastgoed $", "@ Verhuur $", "Woningstichting *", "@ Woningen $", "* Wonen $", "@ Beheer $"],
    &["* Energie $", "Waterbedrijf *", "* Gas $", "* Stroom $", "Afvalbedrijf * $"],
    &["* Verzekeringen $", "* Zorgverzekering $", "Onderlinge *", "* Leven $"],
    &["* Telecom $", "* Mobiel $", "* Glasvezel $", "* Kabel $"],
    &["* Krediet $", "* Financiering $", "* Lease $", "* Hypotheken $"],
    &["Sportschool *", "Tennisclub *", "* Fitness $", "Muziekschool *", "Zwembad *", "Hockeyclub *"],
    &["Tandarts @", "Kinderopvang * $", "Huisarts @", "Fysiotherapie @", "Peuterspeelzaal *", "Tandartspraktijk *"],
    &[
        "@ Loodgieters $", "@ Dakwerken $", "Timmerbedrijf @", "@ Elektro $", "Schilders @ $", "@ Installatie $",
        "Hoveniers @", "@ Bouw $",
    ],
    &["* Uitzendbureau $", "* Personeel $", "@ Werving $", "* Flex $"],
    &["@ Groothandel $", "* Handel $", "@ Import $", "Bloemen @ $", "@ Dranken $", "* Bouwmaterialen $"],
    &["@ Advies $", "* Software $", "Advocaten @ en @", "@ Accountants $", "* Automatisering $", "Bureau *"],
];

#[rustfmt::skip]
const JAPANESE: Firms = [
    &["* Seisakusho $", "@ Kogyo $", "* Denki $", "* Kagaku $", "@ Seiki $", "* Unyu $", "@ Tekko $", "* Boseki $"],
    &["* Fudosan $", "@ Jutaku $", "* Chintai $", "@ Tochi $"],
    &["* Denryoku $", "* Gasu $", "* Suido", "* Energy $"],
    &["* Seimei $", "* Kasai $", "* Hoken $"],
    &["* Tsushin $", "* Mobile $", "* Hikari $"],
    &["* Shinpan $", "* Lease $", "* Finance $"],
    &["* Sports Club", "* Tennis Club", "* Fitness $", "* Golf Club"],
    &["@ Shika", "* Hoikuen", "@ Clinic", "* Iin"],
    &["@ Setsubi $", "@ Komuten $", "@ Denki $", "@ Toso $", "@ Zoen $"],
    &["* Staff $", "* Jinzai $", "* Career $"],
    &["@ Shoji $", "* Boeki $", "@ Shoten $", "* Shokuhin $", "@ Suisan $"],
    &["* Systems $", "@ Horitsu", "* Soft $", "@ Kaikei", "* Sekkei $"],
];

const fn firms(language: Language) -> &'static Firms {
    match language {
        Language::English | Language::British => &ENGLISH,
        Language::German => &GERMAN,
        Language::French => &FRENCH,
        Language::Italian => &ITALIAN,
        Language::Spanish => &SPANISH,
        Language::Portuguese => &PORTUGUESE,
        Language::Dutch => &DUTCH,
        Language::Japanese => &JAPANESE,
    }
}

/// The legal forms of small companies, then of large ones.
const fn forms(country: &[u8], language: Language) -> [&'static [&'static str]; 2] {
    match (country, language) {
        (b"DE" | b"AT", _) => [&["GmbH", "GmbH", "GmbH", "KG", "OHG"], &["AG", "GmbH", "SE"]],
        (b"CH", Language::German) => [&["GmbH", "AG"], &["AG"]],
        (b"CH", _) => [&["Sagl", "SA"], &["SA"]],
        (b"FR", _) => [&["SARL", "SAS", "SAS", "EURL"], &["SA", "SAS"]],
        (b"BE", Language::French) => [&["SRL"], &["SA"]],
        (b"BE", _) => [&["BV"], &["NV"]],
        (b"IT", _) => [&["S.r.l.", "S.r.l.", "S.n.c."], &["S.p.A."]],
        (b"ES", _) => [&["S.L.", "S.L.", "S.A."], &["S.A."]],
        (b"PT", _) => [&["Lda", "Lda", "S.A."], &["S.A."]],
        (b"NL", _) => [&["B.V."], &["N.V.", "B.V."]],
        (b"GB" | b"IE", _) => [&["Ltd", "Ltd", "LLP"], &["plc", "Ltd"]],
        (b"JP", _) => [&["K.K.", "G.K."], &["K.K."]],
        (b"CA", _) => [&["Inc", "Ltd"], &["Inc", "Corp"]],
        (b"MX", _) => [&["S. de R.L.", "S.A. de C.V."], &["S.A. de C.V."]],
        _ => [&["LLC", "LLC", "Inc", "Co"], &["Inc", "Corp"]],
    }
}

const FIRM: u64 = 0xf163;

/// Replaces `out` by the name of the company with a key: `Brauer Metallbau GmbH`, of at most 50 characters.
pub fn put_firm(country: &str, trade: Trade, key: u64, out: &mut String) {
    let language = Language::of(country, key);
    let mut choice = Stream::new(key, FIRM);
    let pattern = choice.pick(firms(language)[trade as usize]);
    let is_large = matches!(trade, Trade::Utility | Trade::Insurer | Trade::Telecom | Trade::Lender);
    let form = choice.pick(forms(country.as_bytes(), language)[usize::from(is_large)]);
    put_pattern(pattern, country, language, form, &mut choice, out);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::hash;

    const TRADES: [Trade; 12] = [
        Trade::Industry,
        Trade::Landlord,
        Trade::Utility,
        Trade::Insurer,
        Trade::Telecom,
        Trade::Lender,
        Trade::Membership,
        Trade::Care,
        Trade::Crafts,
        Trade::Staffing,
        Trade::Wholesale,
        Trade::Services,
    ];
    const COUNTRIES: [&str; 15] =
        ["US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "BE", "IT", "ES", "MX", "PT", "NL", "JP"];

    fn name(country: &str, trade: Trade, key: u64) -> String {
        let mut name = String::from("what was there");
        put_firm(country, trade, hash(4, key), &mut name);
        name
    }

    #[test]
    fn names_fit_and_have_sepa_characters() {
        for country in COUNTRIES {
            for trade in TRADES {
                let names: Vec<String> = (0..800).map(|key| name(country, trade, key)).collect();
                let long = names.iter().filter(|name| name.len() > 35).count();
                assert!(long < 24, "{country} {trade:?}: {long} of 800 are longer than 35");
                for name in names {
                    assert!((5..=50).contains(&name.len()), "{name}");
                    // Of EPC 217-08, what names need.
                    assert!(
                        name.bytes().all(|b| b.is_ascii_alphanumeric() || b" .'-".contains(&b)),
                        "{name}"
                    );
                    assert!(name.split(' ').all(|word| !word.is_empty()), "{name}");
                    let is_thrice = |three: &[u8]| three[0] == three[1] && three[1] == three[2];
                    assert!(!name.as_bytes().windows(3).any(is_thrice), "{name}");
                }
            }
        }
    }

    #[test]
    fn firms_of_a_country_differ() {
        for country in COUNTRIES {
            let names: HashSet<String> =
                (0..10_000).map(|key| name(country, TRADES[key as usize % 12], key)).collect();
            assert!(names.len() > 3_000, "{country}: {}", names.len());
        }
    }

    #[test]
    fn companies_end_as_their_country_s_do() {
        for (country, form) in
            [("DE", "GmbH"), ("ES", "S.L."), ("NL", "B.V."), ("BE", "BV"), ("IT", "S.r.l.")]
        {
            let found = (0..600).filter(|key| name(country, Trade::Industry, *key).ends_with(form)).count();
            assert!(found > 250, "{country}: {found}");
            let american = (0..600).filter(|key| name("US", Trade::Industry, *key).ends_with(form)).count();
            assert_eq!(american, 0);
        }
    }
}
