"""Names, places and numbers that made-up districts are made of: invented combinations of common words."""

from __future__ import annotations

import unicodedata

_GIVEN = """
    Aaliyah Aaron Ada Adrian Aisha Alan Alba Alejandro Alice Amara Amir Ana André Anika Anton Ariel Asha
    Astrid Ava Beatriz Ben Bianca Björn Bruno Caleb Camila Carlos Carmen Chloé Clara Colin Cora Dalia
    Daniel Daria David Diego Dinah Dylan Edith Elena Eli Elif Elsa Emeka Emil Emma Erik Esther Ethan Eva
    Fatima Felix Fiona Finn Freya Gabriel Gemma George Grace Greta Hana Hannah Hassan Hazel Helena Henry
    Hugo Ibrahim Ida Imani Ines Ingrid Iris Isaac Ivan Jada Jamal James Jana Jasmine Javier Jonas José
    Josephine Joy Juan Julia Jun Kai Karim Kate Keiko Kenji Khadija Lara Layla Leah Leila Leo Leon Liam
    Lila Lina Linh Louis Lucía Luis Luna Maeve Malik Mara Marco Margot María Mark Mateo Maya Mei Mia Milo
    Mina Mohamed Nadia Naomi Nia Nico Nina Noah Noor Nora Oksana Olga Oliver Olivia Omar Oscar Paula Pedro
    Petra Phoebe Priya Quinn Rachel Rafael Rania Renée Rosa Rowan Ruby Ruth Sadie Sam Samira Santiago Sara
    Seán Selma Simon Sofía Soledad Stella Sunil Sylvia Tala Tariq Tess Theo Tomás Uma Valentina Vera
    Victor Viola Wanda Wei Will Xavier Ximena Yara Yasmin Yuki Yusuf Zainab Zara Zoë
"""
GIVEN_NAMES = (*_GIVEN.split(), "Anna Lena", "Jean-Luc", "Mary-Kate", "D'Andre", "Ngọc Anh", "María José")
"""Given names: accents, blanks, hyphens and an apostrophe among them."""

_FAMILY = """
    Abbott Abdi Acosta Adams Adeyemi Ahmed Allen Alvarez Andersen Arroyo Bailey Baker Barnes Becker Bell
    Bennett Berg Bishop Blake Boyd Brandt Brennan Brooks Bui Burke Cabrera Campbell Carter Castillo Chang
    Chavez Chen Cho Clarke Cole Collins Cooper Correa Costa Cruz Dahl Davies Delgado Diaz Dixon Dogan
    Dominguez Doyle Duarte Dubois Duncan Ellis Espinoza Farah Fernández Ferrari Fischer Fleming Flores
    Ford Fraser Friedman Fuentes García Gibson Gill Gómez Grant Gray Greene Griffin Gupta Hale Hall Hansen
    Harper Hayes Hernández Hoang Hoffman Holm Hughes Hunt Hussain Ibarra Iyer Jansen Jensen Jiménez
    Johansson Jordan Kaplan Kaur Keller Kelly Khan Kim Klein Kovács Kowalski Kumar Lam Larsen Leclerc Lee
    Lindgren López Lowe Lund Maddox Marín Marsh Martínez Mason Medina Meyer Mills Mohamed Molina Moreno
    Morgan Müller Murphy Myers Nakamura Navarro Nelson Nguyễn Novák Núñez Okafor Olsen Ortega Osman Owens
    Palmer Park Patel Pérez Peters Pham Pierce Popescu Porter Quinn Ramírez Reed Reyes Rhodes Rivera Rojas
    Romero Rossi Ruiz Russo Salazar Sanders Sato Schmidt Shah Shaw Silva Singh Soto Stone Suárez Svensson
    Tanaka Torres Tran Vargas Vega Walsh Wagner Weaver Weber Wong Yamamoto Yang Yilmaz Young Zapata Zhang
    Zimmerman Łukasik Østby Đặng
"""
FAMILY_NAMES = tuple(_FAMILY.split())
"""Family names of one word, which may be joined by a hyphen."""

SPECIAL_FAMILY_NAMES = (
    "O'Rourke",
    "O'Malley",
    "D'Amico",
    "N'Diaye",
    "de la Cruz",
    "van den Berg",
    "St. Clair",
    "Al-Masri",
    "Smith-Lowell",
    "King, Jr.",
    "Harrow, III",
)
"""Family names that readers of CSV files stumble over: apostrophes, blanks, hyphens and commas."""

_PLACES = """
    Alder Ash Aspen Bayview Birch Cedar Chestnut Clover Dogwood Elm Fern Garden Harbor Hawthorn Hazel
    Heron Juniper Lakeside Larch Laurel Linden Meadow Orchard Willow
"""
PLACES = tuple(_PLACES.split())
FEATURES = (
    "Creek",
    "Hill",
    "Grove",
    "Park",
    "Ridge",
    "Valley",
    "Bridge",
    "Field",
    "Point",
    "Springs",
    "Lane",
    "Heights",
)

HOME_DOMAINS = (
    "mail.example.com",
    "home.example.net",
    "post.example.org",
    "inbox.example.com",
    "family.example.net",
)
"""Reserved names (RFC 2606): no message to them can reach anybody."""
STAFF_DOMAIN = "staff.example.org"
STUDENT_DOMAIN = "students.example.org"

_AREA_CODES = """
    206 425 360 253 509 201 202 203 205 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229
    231 234 239 240 248 251 252 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310
    312 313 314 315 316 317 318 319 320 321 323 325 330 331 334 336 337 339 347 351 352 361 386 401 402
    404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 430 432 434 435 440 443 458 469 478 479
    480 484 501 502 503 504 505 507 508 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563
    567 570 571 573 574 575 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619
    620 623 626 630 631 636 641 646 650 651 660 661 662 678 682 701 702 703 704 706 707 708 712 713 714
    715 716 717 718 719 720 724 727 731 732 734 740 754 757 760 763 765 770 772 773 774 775 781 785 786
    801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 828 830 831 832 843 845 847 848 850 856
    857 858 859 860 862 863 864 865 870 901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 919
    920 925 928 931 936 937 940 941 949 951 952 954 956 970 971 972 973 978 979 980 985 989
"""
AREA_CODES = tuple(int(code) for code in _AREA_CODES.split())
"""Area codes of the United States; a number is one of these, the exchange 555 and four digits."""


def csv_cell(text: str) -> str:
    """Give the text as a CSV cell (RFC 4180), quoted only where it must be."""
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def mailbox(text: str) -> str:
    """Give the letters of a name as they would stand in an e-mail address: plain, lower case."""
    plain = text.translate(str.maketrans("ŁłØøĐđß", "LlOoDds"))
    decomposed = unicodedata.normalize("NFD", plain)
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalpha()).lower()


def school_name(index: int) -> str:
    """Give the index-th name of a school, without its kind: all different."""
    first, later = divmod(index % 288, 24)[::-1]
    name = f"{PLACES[first]} {FEATURES[(5 * first + later) % 12]}"
    return name if index < 288 else f"{name} {index // 288 + 1}"
