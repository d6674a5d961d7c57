"""Names from many cultures; `name=latin` gives the spelling used in an e-mail address."""

# ruff: noqa: RUF001 -- the letters are the ones the bearers of these names use

from typing import NamedTuple


class Culture(NamedTuple):
    """Given and family names that occur together, and the office of people with these names."""

    given_names: tuple[str, ...]
    family_names: tuple[str, ...]
    location: str
    family_first: bool = False


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(","))


CULTURES = (
    Culture(
        _split(
            "Olivia, Amelia, Harriet, Imogen, Charlotte, Grace, Freya, Eleanor, Oliver, George, "
            "Arthur, Alfie, Rupert, Callum, Angus, Rhys, Gethin, Siân, Bronwen, Isla"
        ),
        _split(
            "Smith, Taylor, Ashworth, Fairbairn, Hargreaves, Whitcombe, Lloyd-Jones, Pritchard, "
            "MacLeod, Featherstonehaugh, Okafor-Hughes, Barrow, Winterbourne, Cole, Thackeray"
        ),
        "Manchester",
    ),
    Culture(
        _split(
            "Aoife, Niamh, Saoirse, Caoimhe, Róisín, Gráinne, Cillian, Oisín, Pádraig, Eoin, "
            "Tadhg, Fionn, Sinéad, Dáithí"
        ),
        _split(
            "O'Sullivan, O'Brien, D'Arcy, Ní Bhriain, Mac Giolla, O'Shaughnessy, Byrne, Kavanagh, "
            "O'Donoghue, Fitzgerald, Gallagher, Brennan"
        ),
        "Dublin",
    ),
    Culture(
        _split(
            "Amélie, Chloé, Éloïse, Maëlle, Anaïs, Zoé, Noémie, Étienne, François, Loïc, Théo, "
            "Jérôme, Benoît, Raphaël, Jean-Baptiste"
        ),
        _split(
            "Lefèvre, Dubois, Beaulieu, d'Aubigné, Désormeaux, Garçon, Moreau, Hébert, Maréchal, "
            "de La Rochefoucauld, Pelletier, Guérin, Faivre, L'Hermitte"
        ),
        "Lyon",
    ),
    Culture(
        _split(
            "Jürgen, Björn, Käthe, Jörg, Anneliese, Lukas, Mia, Sören, Heike, Matthias, Ursula, "
            "Karl-Heinz, Friederike, Götz"
        ),
        _split(
            "Müller, Schröder, Groß, Weißmüller, Köhler, von der Heydt, Schäfer, Zürn, Jäger, "
            "Leutheusser-Schnarrenberger, Böhm, Öztürk, Wagner, Brandt"
        ),
        "Hamburg",
    ),
    Culture(
        _split(
            "María, José María, Lucía, Íñigo, Begoña, Álvaro, Concepción, Iker, Ximena, Andrés, "
            "Sofía, Joaquín, Guadalupe, Martín"
        ),
        _split(
            "García Márquez, Fernández-Villaverde, Ibáñez, Muñoz, Peña Nieto, Rodríguez, Núñez, "
            "Álvarez de Toledo, Ordóñez, Castañeda, Zúñiga, Vargas Llosa"
        ),
        "Madrid",
    ),
    Culture(
        _split(
            "João, Inês, Conceição, Tomás, Beatriz, Luís, Antônio, Thaís, Gonçalo, Maria, "
            "Francisca, Caetano"
        ),
        _split(
            "Silva, da Silva, Gonçalves, Araújo, Magalhães, dos Santos, Simões, Carvalho, "
            "Conceição, Assunção, Ribeiro, Falcão"
        ),
        "São Paulo",
    ),
    Culture(
        _split(
            "Łukasz, Agnieszka, Małgorzata, Paweł, Zbigniew, Święta, Grażyna, Stanisław, Jiří, "
            "Zdeněk, Tereza, Božena, Zoltán, Erzsébet, Ștefan, Ioana"
        ),
        _split(
            "Wiśniewski, Wójcik, Brzęczyszczykiewicz, Dąbrowska, Dvořák, Nováková, Kovács, "
            "Szabó, Popescu, Țîrlea, Łęcki, Žižka, Ćosić"
        ),
        "Kraków",
    ),
    Culture(
        _split(
            "Åsa, Øyvind, Søren, Guðrún, Þórdís, Astrid, Håkon, Mikkel, Aino, Väinö, Björk, Leif, "
            "Jóhanna, Päivi"
        ),
        _split(
            "Ångström, Østergaard, Sørensen, Guðmundsdóttir, Hämäläinen, Nygård, Lindström, "
            "Þorsteinsson, Mäkinen, Kjærgaard, Bjørnstad, Söderberg"
        ),
        "Copenhagen",
    ),
    Culture(
        _split("Ayşe, Çağlar, Gülşen, İbrahim, Özlem, Şükrü, Deniz, Nazlı, Yiğit, Büşra"),
        _split("Yılmaz, Şahin, Çelik, Öztürk, Güneş, Doğan, Kılıç, Aydın, Işık, Karaoğlu"),
        "Istanbul",
    ),
    Culture(
        _split(
            "Aarav, Ananya, Priya, Rohan, Lakshmi, Venkata Subrahmanyam, Gurpreet, Harpreet, "
            "Deepika, Arjun, Kavya, Imran, Ayesha, Thanuja"
        ),
        _split(
            "Sharma, Iyer, Krishnamurthy, Patel, Singh, Banerjee, Mukherjee, Chattopadhyay, Reddy, "
            "Khan, Venkataraghavan, Wickramasinghe, Kaur, Desai"
        ),
        "Bengaluru",
    ),
    Culture(
        _split(
            "محمد=Mohammed, نور=Nour, فاطمة=Fatima, يوسف=Youssef, ليلى=Layla, عمر=Omar, "
            "مريم=Mariam, خالد=Khaled, هند=Hind, زياد=Ziad"
        ),
        _split(
            "الهاشمي=Al-Hashimi, المصري=Al-Masri, حداد=Haddad, الخطيب=Al-Khatib, نصار=Nassar, "
            "بن صالح=Bin Saleh, القاسمي=Al-Qasimi, منصور=Mansour, العلي=Al-Ali"
        ),
        "Dubai",
    ),
    Culture(
        _split("נועה=Noa, אברהם=Avraham, תמר=Tamar, יונתן=Yonatan, שירה=Shira, איתי=Itai"),
        _split("כהן=Cohen, לוי=Levi, בן־דוד=Ben-David, מזרחי=Mizrahi, פרידמן=Friedman"),
        "Tel Aviv",
    ),
    Culture(
        _split("Wei, Xiuying, Jun, Mei-Ling, Zihan, Yichen, Hao, Lihua, 诗涵=Shihan, 伟=Wei"),
        _split("Wang, Li, Zhang, Chen, Lü, Ouyang, Ho, Ng, 司马=Sima, 赵=Zhao"),
        "Singapore",
        family_first=True,
    ),
    Culture(
        _split("太郎=Taro, 花子=Hanako, 健一=Kenichi, さくら=Sakura, 翔太=Shota, 美咲=Misaki"),
        _split("山田=Yamada, 佐藤=Sato, 鈴木=Suzuki, 長谷川=Hasegawa, 小野寺=Onodera, 大谷=Otani"),
        "Osaka",
        family_first=True,
    ),
    Culture(
        _split("Minh Khai, Thị Hồng Nhung, Văn Đức, Ánh Nguyệt, Quốc Bảo, Thùy Dương, Hữu Phước"),
        _split("Nguyễn, Trần, Lê, Phạm, Đặng, Huỳnh, Vũ, Bùi"),
        "Hanoi",
        family_first=True,
    ),
    Culture(
        _split(
            "Chidimma, Oluwaseun, Adébáyọ̀, Ngozi, Kwame, Akosua, Thandiwe, Sipho, Wanjirũ, Otieno, "
            "Tsegaye, Makeda, Nomvula, Babajide"
        ),
        _split(
            "Okonkwo, Adéyẹmí, Nwachukwu, Mensah, Owusu-Ansah, Dlamini, Ngũgĩ, Wambũi, Tesfaye, "
            "Mabhena, Ezenwa, Onyekachukwu-Obiora, Nkosi"
        ),
        "Lagos",
    ),
    Culture(
        _split("Олена=Olena, Тарас=Taras, Ірина=Iryna, Андрій=Andrii, Соломія=Solomiia"),
        _split("Шевченко=Shevchenko, Коваленко=Kovalenko, Ткачук=Tkachuk, Мельник=Melnyk"),
        "Kyiv",
    ),
    Culture(
        _split("Ελένη=Eleni, Γιώργος=Giorgos, Κατερίνα=Katerina, Νίκος=Nikos, Δήμητρα=Dimitra"),
        _split("Παπαδόπουλος=Papadopoulos, Οικονόμου=Oikonomou, Γεωργίου=Georgiou"),
        "Athens",
    ),
    Culture(
        _split("Jayden, Latoya, DeShawn, Maria, Dwayne, Guadalupe, Keanu, Leilani, Aiyana, Tyrone"),
        _split(
            "Johnson, Washington, Begay, Kealoha, Rodriguez, O'Neill, St. John, Van Der Berg, "
            "Castellanos, Nguyen, Park, Goldstein"
        ),
        "Chicago",
    ),
)
