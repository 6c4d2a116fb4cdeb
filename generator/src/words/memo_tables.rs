//! The texts of payments in each language.

use super::language::Language;

/// One language's texts.
pub struct Memos {
    /// For small amounts: the words of each category, in the order of `SMALL_NAMES`.
    pub small: [&'static [&'static str]; 7],
    /// For large ones, in the order of `LARGE_NAMES`.
    pub large: [&'static [&'static str]; 6],
    /// With a part of the rent.
    pub rent: &'static [&'static str],
    /// To those who work for a household.
    pub services: &'static [&'static str],
    /// Bank transfers between friends and relatives.
    pub friends: &'static [&'static str],
    pub salary: &'static str,
    pub rent_word: &'static str,
    /// Before an invoice's number, and before the customer's.
    pub invoice: (&'static str, &'static str),
}

#[rustfmt::skip]
const ENGLISH: Memos = Memos {
    small: [
        &["dinner", "lunch", "pizza night", "groceries", "coffee", "brunch", "tacos", "thai food", "my half of dinner"],
        &["gas", "ride share", "parking", "train tickets", "tolls", "cab home"],
        &["movie tickets", "game night", "drinks", "concert", "bowling", "fantasy league", "happy hour"],
        &["internet", "cleaning", "supplies", "electric bill", "paper towels", "water bill"],
        &["babysitting", "school lunch", "allowance", "field trip", "soccer fees"],
        &["happy birthday", "thank you", "congrats", "for mom's present"],
        &["", "stuff", "as agreed", "thanks", "from last week", "we're even"],
    ],
    large: [
        &["paying you back", "owed you", "loan", "what I owe you", "last installment"],
        &["trip", "flights", "hotel", "cabin weekend", "beach house", "vegas", "half the cabin"],
        &["utilities", "furniture", "deposit", "new couch", "moving costs", "washer"],
        &["wedding gift", "graduation", "happy birthday", "baby shower", "group gift"],
        &["car repair", "car insurance", "tires", "car payment"],
        &["", "as agreed", "tuition", "vet bill", "thanks again"],
    ],
    rent: &["rent", "rent", "my half of the rent", "rent and utilities", "room"],
    services: &[
        "lawn care", "piano lesson", "repair", "hair", "tutoring", "house cleaning", "dog walking", "handyman",
        "photos", "swim lessons",
    ],
    friends: &[
        "for yesterday", "dinner friday", "concert tickets", "my share", "thank you", "thanks again", "weekend",
        "birthday present", "groceries", "paying you back", "cabin", "love mom", "tickets", "gas money", "drinks",
        "as discussed", "cab fare", "allowance", "game tickets", "phone bill",
    ],
    salary: "SALARY ",
    rent_word: "RENT ",
    invoice: ("INV ", " REF "),
};

#[rustfmt::skip]
const BRITISH: Memos = Memos {
    small: [
        &["dinner", "curry", "takeaway", "food shop", "coffee", "brunch", "fish and chips", "lunch", "roast"],
        &["petrol", "taxi", "parking", "train tickets", "cab home"],
        &["cinema", "pub", "drinks", "gig tickets", "five a side", "quiz night", "football"],
        &["broadband", "cleaner", "electric", "council tax", "water bill", "kitty"],
        &["babysitting", "school dinners", "pocket money", "school trip"],
        &["happy birthday", "thank you", "for mum's present", "leaving do"],
        &["", "stuff", "as agreed", "cheers", "last week", "ta"],
    ],
    large: [
        &["paying you back", "what I owe you", "loan", "last bit"],
        &["holiday", "flights", "hotel", "cottage", "stag do", "hen do"],
        &["bills", "furniture", "deposit", "sofa", "removal van", "washing machine"],
        &["wedding present", "graduation", "happy birthday", "new baby"],
        &["car repair", "car insurance", "tyres", "MOT"],
        &["", "as agreed", "vet", "thanks again"],
    ],
    rent: &["rent", "rent", "my half of the rent", "rent and bills", "room"],
    services: &["gardening", "piano lesson", "repair", "hair", "tuition", "cleaning", "dog walking", "window cleaner"],
    friends: &[
        "for yesterday", "dinner friday", "concert tickets", "my share", "thank you", "thanks a million", "weekend",
        "birthday present", "food shop", "paying you back", "holiday cottage", "from mum", "tickets", "petrol", "pub",
        "as discussed", "taxi", "pocket money",
    ],
    salary: "SALARY ",
    rent_word: "RENT ",
    invoice: ("INV ", " REF "),
};

#[rustfmt::skip]
const GERMAN: Memos = Memos {
    small: [
        &["Abendessen", "Pizza", "Mittagessen", "Einkauf", "Kaffee", "Grillen", "Essen gestern", "Doener"],
        &["Benzin", "Taxi", "Parken", "Bahntickets", "Mitfahrt"],
        &["Kino", "Spieleabend", "Getraenke", "Konzert", "Tippspiel", "Bowling"],
        &["Internet", "Putzmittel", "Haushaltskasse", "Strom", "WG Kasse"],
        &["Babysitten", "Taschengeld", "Klassenkasse", "Schulausflug"],
        &["Alles Gute", "Danke dir", "Geschenk Mama", "zum Geburtstag"],
        &["", "wie besprochen", "Danke", "Rest", "von letzter Woche"],
    ],
    large: [
        &["Rueckzahlung", "Schulden", "Darlehen", "geliehenes Geld", "letzte Rate"],
        &["Urlaub", "Fluege", "Hotel", "Ferienwohnung", "Skihuette"],
        &["Nebenkosten", "Moebel", "Kaution", "Sofa", "Umzug"],
        &["Hochzeitsgeschenk", "Abitur", "zum Geburtstag", "Sammelgeschenk"],
        &["Autoreparatur", "KFZ Versicherung", "Winterreifen", "TUEV"],
        &["", "wie besprochen", "Tierarzt", "Danke nochmal"],
    ],
    rent: &["Miete", "Miete", "Anteil Miete", "Miete Zimmer", "Miete und Strom"],
    services: &["Nachhilfe", "Gartenarbeit", "Klavierstunde", "Reparatur", "Putzen", "Friseur", "Hundesitting"],
    friends: &[
        "fuer gestern", "Danke", "Essen Freitag", "Kino", "Geschenk", "Konzertkarten", "mein Anteil", "Urlaub",
        "Einkauf", "wie besprochen", "zum Geburtstag", "Taschengeld", "Benzin", "Wochenende", "Rest vom Urlaub",
        "Pizza", "Liebe Gruesse",
    ],
    salary: "Gehalt ",
    rent_word: "Miete ",
    invoice: ("Rechnung ", " Kunde "),
};

#[rustfmt::skip]
const FRENCH: Memos = Memos {
    small: [
        &["diner", "resto", "dejeuner", "courses", "pizza", "raclette", "apero", "kebab"],
        &["essence", "taxi", "parking", "billets de train", "covoiturage", "peage"],
        &["cinema", "soiree jeux", "verres", "concert", "bowling", "match"],
        &["internet", "menage", "electricite", "coloc", "produits"],
        &["baby-sitting", "cantine", "argent de poche", "sortie scolaire"],
        &["bon anniversaire", "merci", "cadeau maman", "pot de depart"],
        &["", "comme convenu", "merci", "divers", "le reste"],
    ],
    large: [
        &["remboursement", "je te devais", "pret", "derniere part"],
        &["vacances", "billets avion", "hotel", "gite", "week-end ski"],
        &["charges", "meubles", "caution", "canape", "demenagement"],
        &["cadeau mariage", "bon anniversaire", "cadeau commun", "naissance"],
        &["reparation voiture", "assurance auto", "pneus", "controle technique"],
        &["", "comme convenu", "veterinaire", "merci encore"],
    ],
    rent: &["loyer", "loyer", "part du loyer", "loyer et charges", "chambre"],
    services: &["jardinage", "cours de piano", "reparation", "coiffure", "soutien scolaire", "menage", "bricolage"],
    friends: &[
        "pour hier", "merci", "diner vendredi", "cinema", "cadeau", "places concert", "ma part", "vacances",
        "courses", "comme convenu", "anniversaire", "argent de poche", "essence", "week-end", "resto", "bises",
        "remboursement",
    ],
    salary: "SALAIRE ",
    rent_word: "LOYER ",
    invoice: ("FACT. ", " REF "),
};

#[rustfmt::skip]
const ITALIAN: Memos = Memos {
    small: [
        &["cena", "pranzo", "pizza", "spesa", "caffe", "aperitivo", "sushi", "gelato"],
        &["benzina", "taxi", "parcheggio", "biglietti treno", "passaggio"],
        &["cinema", "calcetto", "concerto", "birra", "serata giochi"],
        &["internet", "pulizie", "bolletta luce", "spese casa"],
        &["baby sitter", "mensa", "paghetta", "gita scolastica"],
        &["tanti auguri", "grazie", "regalo mamma", "buon compleanno"],
        &["", "come d'accordo", "grazie", "varie", "resto"],
    ],
    large: [
        &["restituzione", "ti dovevo", "prestito", "ultima rata"],
        &["vacanze", "voli", "albergo", "casa al mare", "settimana bianca"],
        &["spese condominio", "mobili", "caparra", "divano", "trasloco"],
        &["regalo nozze", "laurea", "buon compleanno", "regalo comune"],
        &["meccanico", "assicurazione auto", "gomme", "bollo auto"],
        &["", "come d'accordo", "veterinario", "grazie ancora"],
    ],
    rent: &["affitto", "affitto", "quota affitto", "affitto e spese", "stanza"],
    services: &["giardinaggio", "lezione di piano", "riparazione", "parrucchiere", "ripetizioni", "pulizie"],
    friends: &[
        "per ieri", "grazie", "cena venerdi", "cinema", "regalo", "biglietti concerto", "la mia parte", "vacanze",
        "spesa", "come d'accordo", "compleanno", "paghetta", "benzina", "weekend", "pizza", "calcetto", "un bacio",
    ],
    salary: "STIPENDIO ",
    rent_word: "AFFITTO ",
    invoice: ("FATTURA ", " RIF "),
};

#[rustfmt::skip]
const SPANISH: Memos = Memos {
    small: [
        &["cena", "comida", "pizza", "compra", "cafe", "tapas", "desayuno", "canas"],
        &["gasolina", "taxi", "parking", "billetes tren", "peaje"],
        &["cine", "entradas", "copas", "concierto", "padel", "partido"],
        &["internet", "limpieza", "luz y agua", "piso", "bote comun"],
        &["canguro", "comedor", "paga", "excursion"],
        &["feliz cumple", "gracias", "regalo mama", "felicidades"],
        &["", "lo acordado", "gracias", "varios", "lo que falta"],
    ],
    large: [
        &["te debia", "devolucion", "prestamo", "ultimo plazo"],
        &["vacaciones", "vuelos", "hotel", "casa rural", "viaje"],
        &["comunidad", "muebles", "fianza", "sofa", "mudanza"],
        &["regalo boda", "graduacion", "feliz cumple", "regalo comun"],
        &["taller", "seguro coche", "ruedas", "ITV"],
        &["", "lo acordado", "veterinario", "gracias otra vez"],
    ],
    rent: &["alquiler", "alquiler", "mi parte del alquiler", "alquiler y gastos", "habitacion"],
    services: &["jardin", "clase de piano", "reparacion", "peluqueria", "clases", "limpieza", "fontanero"],
    friends: &[
        "por lo de ayer", "gracias", "cena viernes", "cine", "regalo", "entradas concierto", "mi parte",
        "vacaciones", "compra", "lo acordado", "cumple", "paga", "gasolina", "finde", "tapas", "besos", "padel",
    ],
    salary: "NOMINA ",
    rent_word: "ALQUILER ",
    invoice: ("FACTURA ", " REF "),
};

#[rustfmt::skip]
const PORTUGUESE: Memos = Memos {
    small: [
        &["jantar", "almoco", "pizza", "compras", "cafe", "petiscos", "sushi"],
        &["gasolina", "taxi", "estacionamento", "bilhetes comboio", "portagens"],
        &["cinema", "copos", "concerto", "futebol", "padel"],
        &["internet", "limpeza", "luz", "contas casa"],
        &["babysitter", "cantina", "mesada", "visita de estudo"],
        &["parabens", "obrigado", "prenda mae", "feliz aniversario"],
        &["", "combinado", "obrigada", "varios", "o resto"],
    ],
    large: [
        &["devolucao", "devia-te", "emprestimo", "ultima prestacao"],
        &["ferias", "voos", "hotel", "casa de praia", "viagem"],
        &["condominio", "moveis", "caucao", "sofa", "mudanca"],
        &["prenda casamento", "formatura", "parabens", "prenda conjunta"],
        &["oficina", "seguro carro", "pneus", "inspecao"],
        &["", "combinado", "veterinario", "obrigado outra vez"],
    ],
    rent: &["renda", "renda", "parte da renda", "renda e contas", "quarto"],
    services: &["jardim", "aula de piano", "reparacao", "cabeleireiro", "explicacoes", "limpezas"],
    friends: &[
        "por ontem", "obrigado", "jantar sexta", "cinema", "prenda", "bilhetes concerto", "a minha parte", "ferias",
        "compras", "combinado", "anos", "mesada", "gasolina", "fim de semana", "obrigada", "beijinhos",
    ],
    salary: "VENCIMENTO ",
    rent_word: "RENDA ",
    invoice: ("FATURA ", " REF "),
};

#[rustfmt::skip]
const DUTCH: Memos = Memos {
    small: [
        &["eten", "lunch", "pizza", "boodschappen", "koffie", "borrel", "patat", "sushi"],
        &["benzine", "taxi", "parkeren", "treinkaartjes", "meerijden"],
        &["bioscoop", "drankjes", "concert", "spelletjesavond", "bowlen"],
        &["internet", "schoonmaak", "stroom", "huispot"],
        &["oppas", "overblijf", "zakgeld", "schoolreis"],
        &["gefeliciteerd", "bedankt", "cadeau mama", "verjaardag"],
        &["", "zoals afgesproken", "dank je", "diversen", "de rest"],
    ],
    large: [
        &["terugbetaling", "nog van mij", "lening", "laatste deel"],
        &["vakantie", "vluchten", "hotel", "huisje weekend", "wintersport"],
        &["servicekosten", "meubels", "borg", "bank", "verhuizing"],
        &["huwelijkscadeau", "geslaagd", "verjaardag", "gezamenlijk cadeau"],
        &["garage", "autoverzekering", "banden", "APK"],
        &["", "zoals afgesproken", "dierenarts", "nogmaals dank"],
    ],
    rent: &["huur", "huur", "mijn deel huur", "huur en energie", "kamer"],
    services: &["tuin", "pianoles", "reparatie", "kapper", "bijles", "schoonmaak", "hond uitlaten"],
    friends: &[
        "voor gisteren", "bedankt", "eten vrijdag", "bioscoop", "cadeau", "concertkaartjes", "mijn deel", "vakantie",
        "boodschappen", "zoals afgesproken", "verjaardag", "zakgeld", "benzine", "weekend", "borrel", "liefs",
    ],
    salary: "Salaris ",
    rent_word: "Huur ",
    invoice: ("Factuur ", " kenmerk "),
};

/// Japanese payers abroad write English.
pub const fn memos(language: Language) -> &'static Memos {
    match language {
        Language::English | Language::Japanese => &ENGLISH,
        Language::British => &BRITISH,
        Language::German => &GERMAN,
        Language::French => &FRENCH,
        Language::Italian => &ITALIAN,
        Language::Spanish => &SPANISH,
        Language::Portuguese => &PORTUGUESE,
        Language::Dutch => &DUTCH,
    }
}
