"""Makes the name tables in src/words/names from the Python package Faker.

    python3 -m venv venv && venv/bin/pip install faker==40.63.0
    venv/bin/python generator/tables/names.py

A table has one name a line, in ASCII, the most frequent first. A tab and a weight follow where Faker carries published
weights: US given and family names, British family names, Belgian names. Elsewhere Faker's lists are in alphabetical
order: the heads below, which put the best-known names first, are an assumption, and so is what follows them, in an order
that is as good as any.
"""

import hashlib
import importlib
import pathlib
import unicodedata

OUT = pathlib.Path(__file__).parent.parent / "src/words/names"

# The most frequent first, from general knowledge: assumption.
HEADS = {
    "ie_given": "Mary John Margaret Patrick Michael Catherine James Anne Thomas Elizabeth Sean Aoife David Sarah Paul Emma "
    "Conor Ciara Brian Niamh Daniel Laura Kevin Rachel Declan Sinead Eoin Orla Liam Fiona Stephen Michelle Mark Deirdre "
    "Jack Grace Cian Saoirse Alan Roisin",
    "ie_family": "Murphy Kelly O'Sullivan Walsh Smith O'Brien Byrne Ryan O'Connor O'Neill O'Reilly Doyle McCarthy Gallagher "
    "Doherty Kennedy Lynch Murray Quinn Moore McLoughlin Carroll Connolly Daly Wilson Dunne Brennan Burke Collins Campbell "
    "Clarke Johnston Hughes Farrell Fitzgerald Brown Martin Maguire Nolan Flynn Thompson O'Callaghan Duffy O'Mahony Boyle "
    "Healy Hayes Keane Power Buckley",
    "de_given": "Thomas Michael Andreas Peter Sabine Stefan Christian Petra Martin Susanne Frank Anna Julia Monika Markus "
    "Daniel Claudia Andrea Klaus Laura Katharina Alexander Lukas Maria Jan Sandra Lena Christina Tobias Stefanie Florian "
    "Martina Ursula Birgit Wolfgang Lisa Matthias Karin Sebastian Nicole Jonas Felix Heike Uwe Jens",
    "de_family": "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein "
    "Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Schmitz Krause Meier "
    "Lehmann Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung "
    "Hahn Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster "
    "Simon Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas "
    "Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann Thomas Voigt Sauer Arnold Wolff "
    "Pfeiffer",
    "at_family": "Gruber Huber Bauer Wagner Müller Pichler Steiner Moser Mayer Hofer Leitner Berger Fuchs Eder Fischer Schmid "
    "Winkler Weber Schwarz Maier Schneider Reiter Mayr Schmidt Wimmer Egger Brunner Lang Baumgartner Auer Binder Lechner "
    "Wolf Wallner Aigner Ebner Koller Lehner Haas Schuster",
    "ch_family": "Müller Meier Schmid Keller Weber Huber Schneider Meyer Steiner Fischer Gerber Brunner Baumann Frei Zimmermann "
    "Moser Widmer Wyss Graf Roth Suter Baumgartner Bachmann Kunz Hofer Bühler Ammann Lüthi Frey Egli",
    "fr_given": "Marie Jean Philippe Nathalie Michel Isabelle Nicolas Sylvie Pierre Catherine Christophe Camille Julien Sophie "
    "Alain Valérie Thomas Sandrine Stéphane Céline David Anne Frédéric Julie Laurent Christine Alexandre Martine Olivier "
    "Aurélie Antoine Léa Éric Manon Pascal Stéphanie Patrick Françoise Sébastien Monique Guillaume Laurence Thierry Claire "
    "Vincent Charlotte Daniel Élodie Maxime Emma",
    "it_given": "Giuseppe Maria Marco Anna Francesco Giulia Antonio Francesca Andrea Sara Giovanni Laura Alessandro Chiara "
    "Roberto Elena Luca Paola Stefano Martina Mario Valentina Matteo Alessandra Paolo Silvia Davide Federica Luigi Rosa "
    "Salvatore Angela Fabio Giorgia Simone Elisa Vincenzo Barbara Claudio Roberta Massimo Monica Lorenzo Daniela Angelo "
    "Claudia",
    "it_family": "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti Mancini Costa "
    "Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo "
    "Gentile Martinelli Vitale Lombardo Serra Coppola Marchetti Parisi Villa Conte Ferraro Ferri Fabbri Bianco Marini "
    "Grasso Valentini Messina Sala Gatti Pellegrini Palumbo Sanna Farina Rizzi Monti Cattaneo Morelli Amato Silvestri "
    "Mazza Testa Grassi Pellegrino Carbone Giuliani Benedetti Barone Rossetti Caputo Montanari Guerra Palmieri Bernardi "
    "Martino Fiore Ferretti Bellini Basile Riva Donati Piras Vitali Battaglia Sartori Neri Costantini Milani Pagano "
    "Ruggiero Sorrentino Orlando Negri",
    "es_given": "Antonio María Manuel Carmen José Ana Francisco Isabel David Laura Juan Cristina Javier Marta Daniel Lucía "
    "Carlos Pilar Jesús Dolores Alejandro Sara Miguel Paula Rafael Elena Pablo Raquel Pedro Rosario Ángel Manuela Sergio "
    "Rosa Fernando Teresa Jorge Beatriz Luis Nuria Alberto Silvia Álvaro Patricia Adrián Irene Diego Julia Raúl Andrea",
    "es_family": "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Hernández Ruiz Díaz "
    "Moreno Muñoz Álvarez Romero Gutiérrez Alonso Navarro Torres Domínguez Ramos Vázquez Ramírez Gil Serrano Morales Molina "
    "Blanco Suárez Castro Ortega Delgado Ortiz Marín Rubio Núñez Medina Sanz Castillo Iglesias Cortés Garrido Santos "
    "Guerrero Lozano Cano Cruz Méndez Flores Prieto Herrera Peña León Márquez Cabrera Gallego Calvo Vidal Campos Reyes Vega "
    "Fuentes Carrasco Díez Aguilar Caballero Nieto Santana Vargas Pascual Giménez Herrero Hidalgo Montero Lorenzo Santiago "
    "Benítez Durán Ibáñez Arias Mora Ferrer Carmona Vicente Rojas Soto Crespo Román Pastor Velasco Parra Sáez Moya Bravo "
    "Soler Gallardo",
    "mx_given": "María José Juan Guadalupe Luis Carlos Francisco Ana Jesús Miguel Alejandra Antonio Verónica Jorge Alejandro "
    "Fernando Rosa Pedro Patricia Ricardo Leticia Manuel Claudia Roberto Gabriela Eduardo Daniel Sofía Javier Adriana Raúl "
    "Silvia Arturo Andrea Diana Mariana Fernanda Elena Gerardo",
    "mx_family": "Hernández García Martínez López González Pérez Rodríguez Sánchez Ramírez Cruz Flores Gómez Morales Vázquez "
    "Reyes Jiménez Torres Díaz Gutiérrez Ruiz Mendoza Aguilar Ortiz Moreno Castillo Romero Álvarez Chávez Rivera Juárez "
    "Ramos Domínguez Méndez Herrera Castro Medina Guzmán Vargas Velázquez Rojas",
    "pt_given": "Maria José João Ana António Manuel Carlos Francisco Paulo Luís Pedro Sofia Rui Inês Marta Miguel Tiago Mariana "
    "Isabel Teresa Nuno Ricardo Joana Catarina Beatriz Carolina Diogo André Bruno Matilde Leonor Rita Sara Jorge Helena "
    "Margarida",
    "pt_family": "Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Jesus Sousa Fernandes Gonçalves Gomes Lopes "
    "Marques Alves Almeida Ribeiro Pinto Carvalho Teixeira Moreira Correia Mendes Nunes Soares Vieira Monteiro Cardoso Rocha "
    "Raposo Neves Coelho Cruz Cunha Pires Ramos Reis Simões Antunes Matos Fonseca Machado Araújo Barbosa Tavares Lourenço "
    "Castro Figueiredo Azevedo",
    "nl_given": "Johannes Maria Jan Anna Peter Emma Hendrik Sanne Pieter Lisa Daan Eva Bram Lotte Thomas Sophie Tim Laura Lars "
    "Iris Thijs Femke Sem Anne Jesse Julia Ruben Sara Mark Fleur Bas Roos Tom Isa Max Lieke Niels Noa Lucas Tess",
    "nl_family": "de_Jong Jansen de_Vries van_den_Berg van_Dijk Bakker Janssen Visser Smit Meijer de_Boer Mulder de_Groot Bos Vos "
    "Peters Hendriks van_Leeuwen Dekker Brouwer de_Wit Dijkstra Smits de_Graaf van_der_Meer van_der_Linden Kok Jacobs "
    "de_Haan Vermeulen van_den_Heuvel van_der_Veen van_den_Broek de_Bruijn de_Bruin van_der_Heijden Schouten van_Beek Willems "
    "van_Vliet van_de_Ven Hoekstra Maas Verhoeven Koster van_Dam van_der_Wal Prins Blom Huisman Peeters de_Jonge Kuipers "
    "van_Veen Post Kuiper Veenstra Kramer van_den_Brink Scholten van_Wijk Postma Martens Vink de_Ruiter Timmermans Groen "
    "Gerritsen Jonker van_Loon Boer van_der_Velde Willemsen Smeets de_Lange de_Vos Bosch van_Dongen Schipper de_Koning "
    "van_der_Laan Koning Driessen van_Doorn Hermans Evers van_den_Bosch van_der_Meulen Hofman Bosman Wolters Sanders "
    "van_der_Horst Mol Kuijpers Molenaar van_de_Pol de_Leeuw Verbeek",
    # Romanised; Faker has fifty family names and as many given ones.
    "jp_given": "Hiroshi Yoko Takashi Keiko Yuki Haruto Sakura Kenji Naoko Ren Aoi Kazuko Makoto Yumiko Takeshi Akiko Shigeru "
    "Tomoko Minoru Emi Kiyoshi Mayumi Hideo Junko Satoshi Megumi Manabu Kumiko Daisuke Ayumi Yuta Misaki Sota Hina Hayato "
    "Yui Riku Rin Kaito Mio Yuto Honoka Sho Nanami Ryo Ayaka Kenta Moe Tatsuya Chihiro Kazuki Saori Masaru Fumiko Noboru "
    "Sachiko Isamu Michiko Osamu Setsuko Yasuo Reiko Nobuo Hisako Tadashi Ryoko Toshio Kyoko Masao Etsuko Koji Noriko "
    "Shinji Mariko Ichiro Eiko Jiro Haruka Saburo Natsuki Goro Asuka Hajime Mai Tetsuya Rie Shota Miki Tsubasa Yuka Yuji "
    "Kaori Seiji Tomomi Masahiro Chie Yoshio Hiromi Katsumi Yukari Akihiro Miyuki Hiroki Shiori Tsutomu Maki Susumu "
    "Izumi Yoshiro Nozomi Takumi Hitomi Kosuke Risa Naoki Eri Shunsuke Nana Ryota Aya Kenichi Chika",
    "jp_family": "Sato Suzuki Takahashi Tanaka Ito Watanabe Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Yamaguchi "
    "Matsumoto Inoue Kimura Hayashi Saito Shimizu Yamazaki Mori Abe Ikeda Hashimoto Yamashita Ishikawa Nakajima Maeda "
    "Fujita Ogawa Goto Okada Hasegawa Murakami Kondo Ishii Sakamoto Endo Aoki Fujii Nishimura Fukuda Ota Miura Fujiwara "
    "Okamoto Matsuda Nakagawa Nakano Harada Ono Tamura Takeuchi Kaneko Wada Nakayama Ishida Ueda Morita Hara Shibata Sakai "
    "Kudo Yokoyama Miyazaki Miyamoto Uchida Takagi Ando Taniguchi Ohno Maruyama Imai Takada Fujimoto Takeda Murata Ueno "
    "Sugiyama Masuda Sugawara Hirano Kojima Otsuka Chiba Kubo Matsui Iwasaki Sakurai Kinoshita Noguchi Matsuo Nomura "
    "Kikuchi Sano Onishi Sugimoto Arai Hamada Ichikawa Furukawa Mizuno Komatsu Shimada Koyama Yamauchi Kawaguchi Oyama "
    "Nagai Kitamura Tsuchiya Yasuda Higuchi Nishida Kawasaki Tsuji Igarashi Adachi Nishikawa Hattori Iwata Honda Kawai "
    "Nakata Kawamura Hirata Higashi Oshima Minami Kubota Matsushita Okazaki Hino Ogata Tsukamoto Kanda Shinohara Usui "
    "Tachibana Hoshino Yano Ozawa Nagata Mizutani Kuroda Araki Nishiyama Kurihara Ishihara",
}

GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


def ascii_of(name, german=False):
    if german:
        name = name.translate(GERMAN)
    name = name.replace("ß", "ss").replace("ø", "o").replace("æ", "ae").replace("œ", "oe").replace("’", "'")
    name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(name.replace("_", " ").split())


def provider(locale):
    return importlib.import_module(f"faker.providers.person.{locale}").Provider


def write(table, names, limit, german=False):
    """Names in order, or (name, weight) pairs in any."""
    weighted = isinstance(names, dict)
    found = {}
    order = sorted(names.items(), key=lambda item: (-item[1], item[0])) if weighted else [(name, 0) for name in names]
    for name, weight in order:
        name = ascii_of(name, german)
        # Sixteen characters leave room for the other parts of a name; two surnames in one are a marriage's.
        if 2 <= len(name) <= 16 and name[-1].isalpha():
            found[name] = found.get(name, 0) + weight
    names = list(found.items())[:limit]
    scale = 1_000_000 / sum(weight for _, weight in names) if weighted else 0
    lines = (f"{name}\t{max(1, round(weight * scale))}" if weighted else name for name, weight in names)
    (OUT / f"{table}.txt").write_text("".join(f"{line}\n" for line in lines))


def shuffled(names):
    return sorted(set(names), key=lambda name: hashlib.sha256(name.encode()).digest())


def headed(table, names, limit, german=False):
    write(table, HEADS[table].split() + shuffled(names), limit, german)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    us, gb, ie, ch = (provider(locale) for locale in ("en_US", "en_GB", "en_IE", "de_CH"))
    write("us_given", us.first_names, 700)
    write("us_family", us.last_names, 1000)
    # British and Swiss given names come by frequency, of men and of women.
    write("gb_given", [name for pair in zip(gb.first_names_male, gb.first_names_female) for name in pair], 400)
    write("gb_family", gb.last_names, 500)
    headed("ie_given", ie.first_names, 350)
    headed("ie_family", ie.last_names, 600)
    german = set(provider("de_DE").first_names) & set(provider("de_AT").first_names)
    swiss = [name for pair in zip(ch.first_names_male, ch.first_names_female) for name in pair]
    known = set(provider("de_DE").first_names)
    write("de_given", HEADS["de_given"].split() + [name for name in swiss if name in known or name in german], 450, True)
    for country in ("de", "at", "ch"):
        headed(f"{country}_family", provider(f"de_{country.upper()}").last_names, 500, True)
    fr = provider("fr_FR")
    headed("fr_given", fr.first_names, 220)
    write("fr_family", fr.last_names, 400)
    for part in ("fr", "nl"):
        belgian = provider(f"{part}_BE")
        write(f"be_{part}_given", belgian.first_names, 400)
        write(f"be_{part}_family", belgian.last_names, 400)
    for country, locale in (("it", "it_IT"), ("es", "es_ES"), ("mx", "es_MX"), ("pt", "pt_PT"), ("nl", "nl_NL")):
        headed(f"{country}_given", provider(locale).first_names, 350)
        headed(f"{country}_family", [name for name in provider(locale).last_names if "-" not in name], 600)
    jp = provider("ja_JP")
    headed("jp_given", jp.first_romanized_names, 250)
    headed("jp_family", jp.last_romanized_names, 250)


main()
