"""How the post codes of a city begin, after its country's post. In a pattern # is a digit, % one from 1 to 9, @ a letter.

What the pattern leaves open is drawn, so a code has the right form and begins as the city's do, but may not exist.
"""

PATTERNS = {
    "DE": ("{}###", """Berlin 10|Hamburg 20|Muenchen 80|Koeln 50|Frankfurt am Main 60|Duesseldorf 40|Stuttgart 70|Essen 45
        Dortmund 44|Dresden 01|Bremen 28|Nuernberg 90|Hannover 30|Leipzig 04|Duisburg 47|Bochum 44|Wuppertal 42
        Bielefeld 33|Bonn 53|Muenster 48|Mannheim 68|Augsburg 86|Wiesbaden 65|Karlsruhe 76|Gelsenkirchen 45|Aachen 52
        Moenchengladbach 41|Kiel 24|Chemnitz 09|Braunschweig 38|Magdeburg 39|Krefeld 47|Halle 06|Freiburg 79|Mainz 55
        Oberhausen 46|Erfurt 99|Luebeck 23|Hagen 58|Rostock 18|Kassel 34|Potsdam 14|Saarbruecken 66|Hamm 59
        Muelheim an der Ruhr 45|Herne 44|Darmstadt 64|Osnabrueck 49|Solingen 42|Ludwigshafen am Rhein 67"""),
    "FR": ("{}", """Paris 7501#|Marseille 1300#|Lyon 6900#|Toulouse 31#00|Nice 06#00|Nantes 44#00|Strasbourg 67#00
        Bordeaux 33#00|Montpellier 340#0|Lille 59#00|Rennes 35#00|Reims 511#0|Le Havre 766#0|Saint-Etienne 420#0
        Toulon 83#00|Angers 49#00|Dijon 21#00|Grenoble 38#00|Nimes 30#00|Clermont-Ferrand 63#00|Aix-en-Provence 1309#
        Brest 292#0|Le Mans 72#00|Amiens 80#00|Tours 37#00|Limoges 87#00|Villeurbanne 691#0|Besancon 250#0|Metz 570#0
        Orleans 45#00|Rouen 76#00|Mulhouse 68#00|Montreuil 931#0|Perpignan 66#00|Caen 140#0|Boulogne-Billancourt 921#0
        Nancy 54#00|Argenteuil 951#0|Roubaix 591#0|Tourcoing 592#0|Saint-Denis 932#0|Avignon 84#00
        Asnieres-sur-Seine 926#0|Nanterre 920#0|Dunkerque 591#0"""),
    "IT": ("{}##", """Roma 001|Milano 201|Napoli 801|Torino 101|Palermo 901|Genova 161|Bologna 401|Firenze 501|Bari 701
        Catania 951|Verona 371|Messina 981|Trieste 341|Padova 351|Brescia 251|Taranto 741|Parma 431|Prato 591|Modena 411
        Reggio Calabria 891|Reggio nell'Emilia 421|Livorno 571|Cagliari 091|Rimini 479|Foggia 711|Ferrara 441|Salerno 841
        Monza 209|Siracusa 961|Bergamo 241|Trento 381|Perugia 061|Pescara 651|Forli 471|Vicenza 361|Terni 051|Pisa 561
        Bolzano 391|Piacenza 291|Novara 281|Arezzo 521|Udine 331|Andria 761|Cesena 475|La Spezia 191"""),
    "ES": ("{}##", """Madrid 280|Barcelona 080|Valencia 460|Zaragoza 500|Sevilla 410|Malaga 290|Murcia 300|Palma 070
        Alicante 030|Bilbao 480|Cordoba 140|Valladolid 470|Vigo 362|Gijon 332|Vitoria-Gasteiz 010
        L'Hospitalet de Llobregat 089|A Coruna 150|Elche 032|Granada 180|Oviedo 330|Terrassa 082|Badalona 089
        Cartagena 302|Jerez de la Frontera 114|Sabadell 082|Pamplona 310|Mostoles 289|Almeria 040|Alcala de Henares 288
        Fuenlabrada 289|Leganes 289|Getafe 289|San Sebastian 200|Burgos 090|Santander 390|Albacete 020|Alcorcon 289
        Castello de la Plana 120|Marbella 296|Logrono 260|Badajoz 060|Salamanca 370|Huelva 210|Tarragona 430|Lleida 250"""),
    "NL": ("{}## @@", """Rotterdam 30|Amsterdam 10|Den Haag 25|Utrecht 35|Groningen 97|Eindhoven 56|Tilburg 50|Breda 48
        Nijmegen 65|Almere 13|Haarlem 20|Arnhem 68|'s-Hertogenbosch 52|Enschede 75|Zaanstad 15|Amersfoort 38|Apeldoorn 73
        Hoofddorp 21|Zwolle 80|Leeuwarden 89|Maastricht 62|Leiden 23|Dordrecht 33|Zoetermeer 27|Venlo 59|Deventer 74
        Delft 26|Alkmaar 18|Heerlen 64|Hilversum 12|Hengelo 75|Purmerend 14|Lelystad 82|Amstelveen 11|Roosendaal 47
        Oss 53|Schiedam 31|Spijkenisse 32|Helmond 57|Vlaardingen 31|Almelo 76|Gouda 28|Alphen aan den Rijn 24|Hoorn 16
        Assen 94"""),
    "BE": ("{}#0", """Bruxelles 10|Antwerpen 20|Gent 90|Charleroi 60|Liege 40|Brugge 80|Namur 50|Leuven 30|Mons 70
        Hasselt 35|Aalst 93|Mechelen 28|La Louviere 71|Kortrijk 85|Tournai 75|Oostende 84|Sint-Niklaas 91|Genk 36
        Seraing 41|Roeselare 88|Verviers 48|Mouscron 77|Dendermonde 92|Beveren 91|Turnhout 23|Lokeren 91|Beringen 35
        Dilbeek 17|Heist-op-den-Berg 22|Sint-Truiden 38|Braine-l'Alleud 14|Brasschaat 29|Grimbergen 18|Vilvoorde 18
        Herstal 40|Maasmechelen 36|Waregem 87|Chatelet 62|Ieper 89|Ninove 94"""),
    "AT": ("{}#0", """Wien 10|Graz 80|Linz 40|Salzburg 50|Innsbruck 60|Klagenfurt am Woerthersee 90|Villach 95|Dornbirn 68
        Wiener Neustadt 27|Steyr 44|Feldkirch 68|Bregenz 69|Baden 25|Traun 40|Wolfsberg 94|Lustenau 68|Sankt Poelten 31
        Moedling 23|Ansfelden 40|Wels 46|Saalfelden am Steinernen Meer 57|Hohenems 68|Stockerau 20|Klosterneuburg 34
        Amstetten 33|Telfs 64|Bludenz 67|Perchtoldsdorf 23"""),
    # Eircode: routing key, then four characters.
    "IE": ("{} @#@#", """Dublin D0%|Cork T12|Limerick V94|Galway H91|Tallaght D24|Waterford X91|Drogheda A92|Dundalk A91
        Swords K67|Navan C15|Bray A98|Dun Laoghaire A96|Ennis V95|Carlow R93|Tralee V92|Portlaoise R32|Athlone N37
        Newbridge W12|Mullingar N91|Letterkenny F92|Greystones A63|Balbriggan K32|Kilkenny R95|Wexford Y35|Naas W91
        Sligo F91|Celbridge W23|Ballincollig P31|Clonmel E91|Carrigaline P43|Maynooth W23|Malahide K36|Tullamore R35
        Leixlip W23|Lucan K78"""),
    "PT": ("{}##-###", """Lisboa 1%|Porto 40|Braga 47|Amadora 27|Coimbra 30|Leiria 24|Setubal 29|Viseu 35|Queluz 27
        Cacem 27|Aveiro 38|Vila Nova de Gaia 44|Faro 80|Loures 26|Felgueiras 46|Rio de Mouro 26|Odivelas 26|Evora 70
        Amora 28|Corroios 28|Barreiro 28|Rio Tinto 44|Sao Domingos de Rana 27|Figueira da Foz 30|Ponte de Lima 49
        Sesimbra 29|Guimaraes 48|Guarda 63|Ermesinde 44|Portimao 85|Cascais 27|Maia 44|Viana do Castelo 49|Braganca 53
        Oeiras 27|Beja 78|Esposende 47|Almada 28|Lagos 86|Castelo Branco 60"""),
    "GB": ("{}% #@@", """London SE|Birmingham B|Glasgow G|Manchester M|Sheffield S|Leeds LS|Edinburgh EH|Liverpool L
        Bristol BS|Cardiff CF|Leicester LE|Bradford BD|Belfast BT|Coventry CV|Birkenhead CH|Nottingham NG|Reading RG
        Kingston upon Hull HU|Preston PR|Swansea SA|Newcastle upon Tyne NE|Southend-on-Sea SS|Brighton BN|Derby DE
        Southampton SO|Wolverhampton WV|Plymouth PL|Stoke-on-Trent ST|Milton Keynes MK|Northampton NN|Oldham OL|Luton LU
        Portsmouth PO|Swindon SN|Dudley DY|Aberdeen AB|St Helens WA|Ipswich IP|Wigan WN|Warrington WA|Walsall WS
        Mansfield NG|Sunderland SR|Slough SL|Bournemouth BH|Peterborough PE|Oxford OX|Newport NP|York YO|Telford TF
        Poole BH|Burnley BB|Huddersfield HD|Dundee DD|Blackburn BB|Cambridge CB|Blackpool FY|Basildon SS|Norwich NR
        Middlesbrough TS"""),
    "CA": ("{}@ #@#", """Toronto M%|Montreal H%|Calgary T2|Ottawa K1|Edmonton T5|Winnipeg R3|Mississauga L5|Vancouver V6
        Brampton L6|Hamilton L8|Surrey V3|Quebec G1|Halifax B3|Laval H7|London N6|Markham L3|Vaughan L4|Gatineau J8"""),
    "MX": ("{}###", """Ciudad de Mexico 0%|Tijuana 22|Puebla 72|Ecatepec de Morelos 55|Queretaro 76|Leon 37
        Ciudad Juarez 32|Zapopan 45|Guadalajara 44|Merida 97|Monterrey 64|Ciudad Nezahualcoyotl 57|Mexicali 21
        Chihuahua 31|Cancun 77|Naucalpan de Juarez 53|Hermosillo 83|Culiacan 80"""),
    "JP": ("{}#-####", """Tokyo 10|Yokohama 22|Osaka 54|Nagoya 46|Sapporo 06|Fukuoka 81|Kawasaki 21|Kobe 65|Kyoto 60
        Saitama 33|Hiroshima 73|Sendai 98|Chiba 26|Kitakyushu 80|Sakai 59|Niigata 95|Hamamatsu 43|Kumamoto 86"""),
    "CH": ("{}##", """Zuerich 80|Geneve 12|Basel 40|Lausanne 10|Bern 30|Winterthur 84|Luzern 60|Sankt Gallen 90|Lugano 69
        Biel 25|Thun 36|Bellinzona 65|Koeniz 30|Fribourg 17|La Chaux-de-Fonds 23|Schaffhausen 82|Chur 70|Rapperswil 86"""),
}


def read(country):
    form, text = PATTERNS[country]
    entries = (entry.strip().rsplit(" ", 1) for line in text.splitlines() for entry in line.split("|"))
    return {name: form.format(start) for name, start in entries}


BY_COUNTRY = {country: read(country) for country in PATTERNS}
