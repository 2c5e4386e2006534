"""The categories a site begins with; staff change them in the admin.

Pools stored before get theirs in the background, batch by batch: see `pools.ingest.categories`.
"""

from django.db import migrations

# Slug, names, colour, order, keywords in English and in Spanish. What money is for comes before who
# saves it: "Junta de los Primos para el viaje" is for travel.
CATEGORIES = (
    (
        *("emergency", "Emergency fund", "Fondo de emergencia", "red", 10),
        """
        emergency, emergencies, emergency fund, rainy day, disaster, relief
        """,
        """
        emergencia, emergencias, imprevisto, imprevistos, desastre, auxilio,
        fondo de reserva
        """,
    ),
    (
        *("health", "Health", "Salud", "pink", 20),
        """
        health, medical, medicine, hospital, clinic, dental, dentist, nurse, nurses,
        surgery, care, ⚕, 🏥
        """,
        """
        salud, médico, médica, medicina, medicinas, hospital, clínica, dental, dentista,
        enfermera, enfermeras, operación, cirugía, posta
        """,
    ),
    (
        *("education", "Education", "Educación", "blue", 30),
        """
        school, schools, education, university, college, scholarship, tuition, class,
        student, students, teachers, science, books, kindergarten, course, 🎓, 📚
        """,
        """
        escuela, escuelas, escolar, escolares, colegio, educación, universidad, beca,
        becas, matrícula, útiles, estudio, estudios, estudiante, estudiantes, maestras,
        maestros, promo, promoción, libros, jardín infantil, curso
        """,
    ),
    (
        *("housing", "Housing", "Vivienda", "indigo", 40),
        """
        house, home, housing, roof, rent, deposit, mortgage, tenants, apartment, building,
        heating, 🏠, 🏡
        """,
        """
        casa, casas, vivienda, viviendas, techo, hogar, alquiler, hipoteca, terreno,
        departamento, construcción, inquilinos, calefacción, muebles
        """,
    ),
    (
        *("travel", "Travel", "Viajes", "cyan", 50),
        """
        travel, trip, trips, journey, holiday, holidays, vacation, flight, flights, beach,
        tour, ✈, 🏖
        """,
        """
        viaje, viajes, vacaciones, playa, pasaje, pasajes, excursión, paseo, turismo,
        peregrinación
        """,
    ),
    (
        *("celebration", "Celebrations", "Celebraciones", "purple", 60),
        """
        party, wedding, birthday, christmas, new year, year end, festival, celebration,
        carnival, 🎉, 🎂, 💐
        """,
        """
        fiesta, fiestas, fin de año, año nuevo, navidad, boda, bodas, matrimonio,
        cumpleaños, quinceaños, quinceañera, bautizo, aguinaldo, carnaval, celebración,
        patronal, feriado
        """,
    ),
    (
        *("farming", "Farming", "Campo", "green", 70),
        """
        farm, farms, farmer, farmers, farming, harvest, crop, crops, seed, seeds, garden,
        cattle, fishing, fishermen, 🌽, 🌱, 🐟, 🌾, 👩‍🌾
        """,
        """
        cosecha, cosechas, siembra, campo, agricultor, agricultores, agrícola, chacra,
        semilla, semillas, ganado, riego, huerta, huerto, pescadores, pesca, tractor,
        abono
        """,
    ),
    (
        *("technology", "Technology and energy", "Tecnología y energía", "teal", 80),
        """
        technology, tech, computer, computers, laptop, laptops, internet, phone, phones,
        software, solar, energy, panels, bitcoin, ☀, 💻
        """,
        """
        tecnología, computadora, computadoras, portátil, celular, celulares, internet,
        solar, solares, energía, paneles, bitcoin
        """,
    ),
    (
        *("market", "Business and market", "Negocios y mercado", "amber", 90),
        """
        market, markets, business, shop, shops, stall, stalls, store, trade, oven, ovens,
        bakery, food, couriers, tools, tool, startup, capital, machines, vendors, 🧵
        """,
        """
        mercado, mercados, feria, negocio, negocios, tienda, puesto, puestos, comercio,
        comerciantes, emprendimiento, emprendedores, horno, hornos, panadería, panaderos,
        máquina, máquinas, taller, capital, taxistas, tejedoras, costureras,
        plaza minorista, herramientas
        """,
    ),
    (
        *("family", "Family", "Familia", "orange", 100),
        """
        family, families, cousins, siblings, brothers, sisters, parents, baby, kids,
        children, playground
        """,
        """
        familia, familias, familiar, primos, primas, hermanos, hermanas, padres, hijos,
        hijas, bebé, abuelos, comadres, compadres, doña, don
        """,
    ),
    (
        *("community", "Community", "Comunidad", "lime", 110),
        """
        community, neighbours, neighbors, neighbourhood, neighborhood, cooperative, co op,
        coop, circle, club, union, fund, savings, group, church
        """,
        """
        comunidad, comunitario, comunitaria, vecinos, vecinas, vecinal, organización, barrio, cooperativa,
        junta,
        pasanaku, pandero, tanda, cundina, susu, caja, cuadra, club, grupo, círculo,
        ahorro, ahorros, iglesia, sindicato, asociación, fondo
        """,
    ),
)


def _lines(listed):
    words = (word.strip() for word in listed.replace("\n", ",").split(","))
    return "\n".join(word for word in words if word)


def seed(apps, _schema_editor):
    Category = apps.get_model("pools", "Category")
    for slug, name_en, name_es, tone, order, english, spanish in CATEGORIES:
        Category.objects.create(
            slug=slug,
            name_en=name_en,
            name_es=name_es,
            tone=tone,
            order=order,
            keywords_en=_lines(english),
            keywords_es=_lines(spanish),
        )
    apps.get_model("pools", "CategoryRules").objects.create(pk=1)


def forget(apps, _schema_editor):
    """Rows without a category hold an empty text in the schema before this one."""
    apps.get_model("pools", "CategoryCorrection").objects.all().delete()
    apps.get_model("pools", "Pool").objects.update(category="")
    apps.get_model("pools", "Category").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("pools", "0004_categories_and_regions")]
    operations = [migrations.RunPython(seed, forget)]
