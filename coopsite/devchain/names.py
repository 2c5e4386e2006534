"""Names that people of Latin America and elsewhere give their savings pools.

Pure: the random numbers are handed in.
"""

import random

PLACES = (
    "San Isidro", "El Alto", "Villa El Salvador", "Cochabamba", "Tepito", "Otavalo", "Ñuñoa",
    "Medellín", "La Victoria", "Gamarra", "Huancayo", "Xochimilco", "Rosario", "Masaya", "Brixton",
    "Oakland", "Kreuzberg", "Port Louis", "Queens", "Valparaíso",
)  # fmt: skip
PEOPLE = (
    "las Comadres", "los Hermanos Quispe", "la Familia Mamani", "doña Rosa", "los Taxistas",
    "las Tejedoras", "los Pescadores", "las Maestras", "la Cuadra", "los Primos", "las Vecinas",
    "los Panaderos", "el Club de Madres", "la Promo 2009", "las Costureras",
)  # fmt: skip
GOALS = (
    "techo propio", "fin de año", "útiles escolares", "la fiesta patronal", "un horno nuevo",
    "máquinas de coser", "la cosecha", "quinceaños", "emergencias de salud", "paneles solares",
    "capital de trabajo", "el viaje a la playa",
)  # fmt: skip
MARKETS = (
    "Mercado Rodríguez", "Mercado Central", "Mercado de la Merced", "Mercado San Pedro",
    "Feria 16 de Julio", "Mercado Lo Valledor", "Plaza Minorista", "Mercado Modelo",
)  # fmt: skip
STALLS = ("frutas", "verduras", "abarrotes", "telas", "pescados", "flores", "quesos", "zapatos")
GROUPS = (
    "Housing Co-op", "Savings Circle", "Neighbours' Fund", "Tenants' Union", "School Fund",
    "Nurses' Circle", "Bike Couriers", "Community Garden", "Street Food Co-op", "Parents' Pool",
)  # fmt: skip
PURPOSES = (
    "first home deposit", "roof repair", "science trip", "new ovens", "winter heating",
    "tool library", "class of 2027", "emergency fund", "solar panels", "playground",
)  # fmt: skip
EMOJI = ("🌽", "🏠", "🎉", "🧵", "🐟", "🎓", "🌱", "☀️", "💐", "👩‍🌾")


def pool_name(rng: random.Random) -> str:
    """A believable name, in Spanish three times out of four."""
    pick = rng.choice
    patterns = (
        lambda: f"Pasanaku de {pick(PEOPLE)}",
        lambda: f"Pasanaku {pick(PLACES)}: {pick(GOALS)}",
        lambda: f"Junta de {pick(PEOPLE)} para {pick(GOALS)}",
        lambda: f"Junta {pick(PLACES)}",
        lambda: f"Pandero de {pick(PEOPLE)}, {pick(PLACES)}",
        lambda: f"Pandero para {pick(GOALS)}",
        lambda: f"{pick(MARKETS)}: puestos de {pick(STALLS)}",
        lambda: f"{pick(MARKETS)}, ahorro para {pick(GOALS)}",
        lambda: f"Cooperativa de Vivienda {pick(PLACES)}",
        lambda: f"Caja escolar {pick(PLACES)} – {pick(GOALS)}",
        lambda: f"{pick(PLACES)} {pick(GROUPS)}",
        lambda: f"{pick(PLACES)} {pick(GROUPS)}: {pick(PURPOSES)}",
        lambda: f"{pick(GROUPS)} – {pick(PURPOSES)}",
    )
    name = pick(patterns)().replace(" de el ", " del ")
    return f"{name} {pick(EMOJI)}" if rng.random() < 0.25 else name
